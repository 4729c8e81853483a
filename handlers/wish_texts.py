"""What a person reads when BloomSMS refuses a cancel, a finish or another SMS. Not HTML."""

import math
from datetime import UTC, datetime, timedelta
from gettext import gettext as _

from activations.errors import WishRefused
from handlers import formats

LONGEST = 190  # what a box over a button can hold
CANCEL, FINISH, ANOTHER = "cancel", "complete", "request_another_sms"
OTHER = "OTHER"

REFUSED = {
    CANCEL: _("BloomSMS didn't cancel this number."),
    FINISH: _("BloomSMS didn't finish this number."),
    ANOTHER: _("BloomSMS didn't agree to another SMS on this number."),
}
REFUSED_FOR_NOW = {
    CANCEL: _("You can't cancel this number yet."),
    FINISH: _("You can't finish this number yet."),
    ANOTHER: _("You can't ask for another SMS on this number yet."),
}
# These concern the account, so that the request does not matter.
OF_THE_ACCOUNT = {
    "INVALID_API_KEY": _("BloomSMS rejects this bot's API key."),
    "ACCOUNT_SUSPENDED": _("BloomSMS has suspended this bot's account."),
    "MAINTENANCE": _("BloomSMS is down for maintenance."),
    "ACTIVATION_NOT_FOUND": _("BloomSMS no longer knows this number."),
}


def refused(err: WishRefused) -> str:
    """What was refused, from when on to try again, and the provider's own words."""
    first = OF_THE_ACCOUNT.get(err.code.value) or _of_the_wish(err)
    said = [first, *_when(err), *_quoted(err)]
    return formats.clip(" ".join(said), LONGEST)


def _of_the_wish(err: WishRefused) -> str:
    return (REFUSED if err.retry_at is None else REFUSED_FOR_NOW)[err.wish.value]


def _when(err: WishRefused) -> list[str]:
    if err.wait is None or err.retry_at is None:
        return []
    sentence = _("Try again in {wait}, from {time} UTC.")
    return [sentence.format(wait=_duration(err.wait), time=_clock(err.retry_at))]


def _quoted(err: WishRefused) -> list[str]:
    word = err.word if err.code.value == OTHER else ""
    said = ": ".join(part for part in (word, err.reason) if part)
    return [_("BloomSMS says: “{words}”").format(words=said)] if said else []


def _duration(wait: timedelta) -> str:
    """Rounded up to a second, as `1 min 30 s`; an hour and more to a minute."""
    seconds = math.ceil(wait.total_seconds())
    minutes, seconds = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    hours, rest = divmod(minutes + bool(seconds), 60)
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"


def _clock(time: datetime) -> str:
    """The first full second from then on; without seconds where there are none."""
    at = time.astimezone(UTC)
    if at.microsecond:
        at = at.replace(microsecond=0) + timedelta(seconds=1)
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
