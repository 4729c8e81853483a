"""The SMS of an answer: each one, in order, whole, and a code only where it is one."""

from decimal import Decimal

import pytest

from bloomsms.messages import read_messages
from bloomsms.models import Sms
from bloomsms.wire import Json

LINK = "https://example.org/login?code=" + "x" * 300


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, []),
        (True, []),
        ("", []),
        ([], []),
        ([None, {}, ""], []),
        ("Your code is 852508", [("", "Your code is 852508")]),
        ([{"code": "1", "full_text": "a"}, {"code": "2"}], [("1", "a"), ("2", "")]),
        (["one", "two"], [("", "one"), ("", "two")]),
        ({"0": {"code": "1"}, "3": {"code": "2"}}, [("1", ""), ("2", "")]),
        ([[{"code": "1"}], "two"], [("1", ""), ("", "two")]),
        ({"sms": {"code": "1", "full_text": "a"}}, [("1", "a")]),
        ({"sms": {"sms": ["one", "two"]}}, [("", "one"), ("", "two")]),
        ({"code": 852508}, [("852508", "")]),
        ({"code": Decimal("852508.0")}, [("852508", "")]),
        ({"code": Decimal("1.5")}, [("1.5", "")]),
        (852508, [("852508", "")]),
        ({"code": True, "full_text": "a"}, [("", "a")]),
        ({"code": False}, []),
        ({"code": Decimal("1e999999")}, [("1E+999999", "")]),
        ([[[[[["deep"]]]]]], []),
    ],
    ids=range(20),
)
def test_forms(written: Json, expected: list[tuple[str, str]]) -> None:
    """A list, a string, a number and lists of them are read in their order; a bool is no code."""
    assert [Sms(*one) for one in expected] == list(read_messages(written))


@pytest.mark.parametrize(
    "code",
    ["852508", "0001", "123 456", "123-456", "G-123456", "AbC9", "*123#", "12.34", "x" * 40],
)
def test_codes(code: str) -> None:
    """Figures in groups, or one word, are a code as they were sent."""
    assert (Sms(code, ""),) == read_messages({"code": code})


@pytest.mark.parametrize(
    "text",
    [
        "Your code is 852508", "https://t.me/login/852508", "t.me/login", "www.example.org", LINK,
        "您的验证码是852508", "x" * 41, "two\nlines",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_text_where_the_code_should_be(text: str) -> None:
    """A sentence or a link without a text beside it is the text, whole."""
    assert (Sms("", text),) == read_messages({"code": text, "full_text": None})


def test_a_long_code_beside_its_text() -> None:
    """What is too long for a code stands in the text: nothing is left out."""
    assert (Sms("", f"Open this:\n{LINK}"),) == read_messages(
        {"code": LINK, "full_text": "Open this:"}
    )
    assert (Sms("", f"Open {LINK}"),) == read_messages({"code": LINK, "full_text": f"Open {LINK}"})


def test_a_text_without_end() -> None:
    """A text beyond all bounds ends with a sign that it was cut."""
    (sms,) = read_messages("x" * 4_000_000)

    assert "x" * 20_000 + " […]" == sms.full_text


def test_more_than_a_provider_sends(caplog: pytest.LogCaptureFixture) -> None:
    """Of a list without end the last hundred are read, and the log says so."""
    found = read_messages([{"code": n} for n in range(100_000, 101_000)])

    assert [str(n) for n in range(100_900, 101_000)] == [sms.code for sms in found]
    assert ["1000 SMS in one answer: only the last 100 are read"] == caplog.messages
