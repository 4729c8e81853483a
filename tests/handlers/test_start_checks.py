"""Which kept updates a restored database does not handle any more."""

import json

import pytest

from handlers.callback_data import Verb, pack
from handlers.start_checks import is_spending
from tests.made_up import TOKEN


def press(data: object) -> str:
    return json.dumps({"update_id": 1, "callback_query": {"id": "1", "data": data}})


@pytest.mark.parametrize("verb", Verb)
def test_presses_that_spend(verb: Verb) -> None:
    """Those that order a number, and no others; with a token or with an id."""
    spends = verb in (Verb.RENT, Verb.OTHER)

    assert spends is is_spending(press(pack(verb, TOKEN)))
    assert spends is is_spending(press(f"1:{verb.value}:12"))


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "7", "[" * 100_000, "{}", '{"callback_query": 1}',
     '{"callback_query": {}}', '{"message": {"text": "2:go:x"}}', press(None), press(["2:go:x"])],
    ids=range(12),
)  # fmt: skip
def test_other_updates_are_kept(body: str) -> None:
    """What is no press, or cannot be read, is left to its handler."""
    assert not is_spending(body)
