"""Which failed request may be made again, and after how long. Pure but for chance."""

import random

from bloomsms.errors import BloomsmsError, ErrorCode, OtherCurrency, RateLimited, Refused


def may_pass(err: BloomsmsError) -> bool:
    """Whether the same read may succeed a moment later."""
    if isinstance(err, Refused):
        return says_nothing(err)
    return not isinstance(err, RateLimited | OtherCurrency)


def says_nothing(err: Refused) -> bool:
    """Whether a server failed on the way, so that the request may or may not have taken effect."""
    return err.code is ErrorCode.PROVIDER_ERROR or (
        err.code is ErrorCode.OTHER and err.http_status >= 500  # noqa: PLR2004 - the 5xx range
    )


def jitter() -> float:
    return random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
