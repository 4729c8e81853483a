"""What the BloomSMS Reseller API says on the wire; knows no user, no Telegram, no database."""
