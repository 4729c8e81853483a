"""What Telegram writes, made such that rows and calls can hold it."""

import json

import pytest

from handlers.readable import clean, parsed


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (r"half \ud83d", "half \ufffd"),
        (r"half \uDE00 of it", "half \ufffd of it"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\ufffd"),
        ("plain 📱 \\n", "plain 📱 \n"),
    ],
)
def test_half_a_pair(written: str, found: str) -> None:
    """Only a half is replaced, by the sign for what cannot be read."""
    assert found == json.loads(clean(f'"{written}"'))
    assert {found: 1} == parsed(f'{{"{written}": 1}}')
