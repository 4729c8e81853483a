"""Who may use the bot, and how much; pure but for its ports."""
