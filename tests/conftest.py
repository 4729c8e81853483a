"""What every test may ask for."""

import os

os.environ["PTB_TIMEDELTA"] = "true"  # as bot.py does; without it flood waits raise a warning
