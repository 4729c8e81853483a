"""Rows and only rows: SQLite in WAL mode, one writer; knows no Telegram and no HTTP."""
