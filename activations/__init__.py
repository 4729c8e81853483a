"""What renting a number is: the business; no I/O library, no Telegram, no SQL."""
