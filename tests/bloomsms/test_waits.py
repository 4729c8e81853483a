"""When a refusal that holds only for now ends, and which digits of its words may be shown."""

from datetime import UTC, datetime, timedelta

import pytest

from bloomsms.models import Pause
from bloomsms.waits import hide_digits, pause_of

SENT = {"Date": "Tue, 05 May 2026 14:00:00 GMT"}


def in_s(seconds: float, *, is_since_rented: bool = False) -> Pause:
    return Pause(after=timedelta(seconds=seconds), is_since_rented=is_since_rented)


def at(hour: int, minute: int, second: int = 0, day: int = 5) -> Pause:
    return Pause(at=datetime(2026, 5, day, hour, minute, second, tzinfo=UTC))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Please wait 90 seconds.", in_s(90)),
        ("wait 90s", in_s(90)),
        ("Wait 120 sec before cancelling", in_s(120)),
        ("try again in 2 minutes", in_s(120)),
        ("Try again in two minutes", in_s(120)),
        ("Try again in a minute", in_s(60)),
        ("Try again in an hour", in_s(3600)),
        ("Too early: 1 minute 30 seconds left", in_s(90)),
        ("Too early: 1m 30s", in_s(90)),
        ("Available in 1 hour, 5 min and 3 secs", in_s(3903)),
        ("Retry after 45-second delay", in_s(45)),
        ("Seconds left: 117. Wait.", in_s(117)),
        ("Not yet, retry_after=117", in_s(117)),
        ("Please wait 01:30", in_s(90)),
        ("Wait 01:30.", in_s(90)),
        ("Wait 1.5 minutes", in_s(90)),
        ("Wait 1-2 minutes", in_s(120)),
        ("Wait 2 minutes (120 seconds)", in_s(120)),
        ("It must be at least 120 seconds old", in_s(120, is_since_rented=True)),
        ("Cancel is allowed 2 minutes after renting", in_s(120, is_since_rented=True)),
        ("Cannot cancel within 120 seconds of purchase", in_s(120, is_since_rented=True)),
        ("Not allowed in the first 2 minutes", in_s(120, is_since_rented=True)),
        ("The number must be older than 3 min, wait", in_s(180, is_since_rented=True)),
        ("Not before 2026-05-05T14:07:00+00:00", at(14, 7)),
        ("Not before 2026-05-05T16:07:00+02:00", at(14, 7)),
        ("Not before 2026-05-05 14:07:30 UTC", at(14, 7, 30)),
        ("Not before 2026-05-05T14:07Z", at(14, 7)),
        ("You can cancel after 14:07 UTC", at(14, 7)),
        ("You can cancel after 14:07:30 GMT", at(14, 7, 30)),
        ("You can cancel after 9:05 UTC", at(9, 5, day=6)),
        ("Not before 2026-13-45T14:07:00+00:00", None),
        ("Not now.", None),
        ("", None),
        ("Numbers live for 20 minutes.", None),
        ("Cannot cancel a second time", None),
        ("Only between 9 am and 5 pm, wait", None),
        ("Wait 0 seconds", None),
        ("Wait 1,500 seconds", None),
        ("Wait 99999 hours", None),
        ("Your code is 852508", None),
    ],
)
def test_what_a_message_says(message: str, expected: Pause | None) -> None:
    """Seconds, minutes and times are read in the forms that providers write."""
    assert expected == pause_of(message, {}, SENT)


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        ({"retry_after": 90}, {}, in_s(90)),
        ({"wait_seconds": "12.5"}, {}, in_s(12.5)),
        ({"available_at": "2026-05-05T14:07:00Z"}, {}, at(14, 7)),
        ({"retry_after": None, "seconds": True}, {}, None),
        ({}, {"Retry-After": "90"}, in_s(90)),
        ({}, {"retry-after": "Tue, 05 May 2026 14:07:00 GMT"}, at(14, 7)),
        ({}, {"Retry-After": "soon"}, None),
        ({}, {"Retry-After": ""}, None),
        ({}, {"Retry-After": "0"}, None),
    ],
    ids=str,
)
def test_what_stands_beside_it(
    fields: dict[str, object], headers: dict[str, str], expected: Pause | None
) -> None:
    """A field or the Retry-After header says it as well."""
    assert expected == pause_of("No.", fields, headers)


def test_the_most_exact_counts() -> None:
    """A field goes before the message, and the message before the header."""
    headers = {"Retry-After": "5"}

    assert in_s(80) == pause_of("Wait 2 minutes", {"retry_after": 80}, headers)
    assert in_s(120) == pause_of("Wait 2 minutes", {}, headers)


def test_a_time_of_day_without_its_day() -> None:
    """A time of day means nothing where the answer does not say when it was sent."""
    assert pause_of("Not before 14:07 UTC", {}, {}) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Wait 120 seconds", "Wait 120 seconds"),
        ("Wait 120s, your code 852508", "Wait 120s, your code …"),
        ("Seconds left: 1170", "Seconds left: 1170"),
        ("Not before 2026-05-05T14:07:00Z", "Not before 2026-05-05T14:07:00Z"),
        ("+19001234567 is busy for 90 seconds", "+… is busy for 90 seconds"),
        ("852508 seconds", "… seconds"),
        ("1234", "…"),
        ("12", "12"),
    ],
)
def test_digits_that_may_be_shown(text: str, shown: str) -> None:
    """Counts of time are shown, anything that may be a code or a phone number is not."""
    assert shown == hide_digits(text)
