"""Emulated strangers: try the bot, and test it, without tokens."""
