"""What a look at the provider means: each of our states against each word and each SMS."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activations.doubts import Weighed
from activations.model import Activation, State
from activations.notes import NoteKind
from activations.observation import Observation, missing, observe
from bloomsms.models import ProviderStatus, Sms, StatusChange
from tests.made_up import ANN, ANOTHER_SMS, SMS, WAITING, in_state, seen
from tests.moved_clock import START

NOW = START + timedelta(minutes=3)
RECEIVED = in_state(State.CODE_RECEIVED)
SECOND_ROUND = replace(WAITING, sms=(SMS,), older_sms=1, rounds=2, is_rearmed=False)

# For each word of the provider's, believed: the state after a look that shows no SMS, a new one,
# the one we know. `!` says that the SMS is recorded and told, `$` that the refund is confirmed.
TABLES: dict[str, tuple[Activation, dict[str, tuple[str, str, str]]]] = {
    "nothing came yet": (
        WAITING,
        {
            "waiting": ("waiting", "waiting!", ""),
            "code_received": ("waiting", "code_received!", ""),
            "completed": ("completed", "completed!", ""),
            "cancelled": ("expired$", "expired!", ""),
            "expired": ("expired$", "expired!", ""),
            "unknown": ("waiting", "code_received!", ""),
        },
    ),
    "cancel asked for": (
        replace(WAITING, wish=StatusChange.CANCEL),
        {
            "waiting": ("waiting", "waiting!", ""),
            "code_received": ("waiting", "code_received!", ""),
            "completed": ("completed", "completed!", ""),
            "cancelled": ("cancelled$", "expired!", ""),
            "expired": ("cancelled$", "expired!", ""),
            "unknown": ("waiting", "code_received!", ""),
        },
    ),
    "code received": (
        RECEIVED,
        {
            "waiting": ("code_received", "code_received!", "code_received"),
            "code_received": ("code_received", "code_received!", "code_received"),
            "completed": ("completed", "completed!", "completed"),
            "cancelled": ("expired", "expired!", "expired"),
            "expired": ("expired", "expired!", "expired"),
            "unknown": ("code_received", "code_received!", "code_received"),
        },
    ),
    "another asked for": (
        SECOND_ROUND,
        {
            "waiting": ("waiting", "waiting!", "waiting"),
            "code_received": ("waiting", "code_received!", "waiting"),
            "completed": ("completed", "completed!", "completed"),
            "cancelled": ("expired", "expired!", "expired"),
            "expired": ("expired", "expired!", "expired"),
            "unknown": ("waiting", "code_received!", "waiting"),
        },
    ),
}
OPEN = [
    pytest.param(before, word, sms, expected, id=f"{name} - {word} - {label}")
    for name, (before, rows) in TABLES.items()
    for word, cells in rows.items()
    for (label, sms), expected in zip(
        [("none", None), ("new", ANOTHER_SMS), ("old", SMS)], cells, strict=True
    )
    if expected
]
CLOSED = [state for state in State if state not in (State.WAITING, State.CODE_RECEIVED)]


def look(before: Activation, word: str, sms: Sms | None, **weighed: bool) -> Observation:
    """A single look, with what is believed of it beside a new SMS and an end."""
    is_new = sms not in before.sms
    is_over = word in ("completed", "cancelled", "expired")
    believed = Weighed(sms if is_new else None, **{"is_over": is_over, **weighed})
    return observe(before, seen(ProviderStatus(word), sms), NOW, believed)


def told(found: Observation) -> list[NoteKind]:
    return [draft.kind for draft in found.drafts]


@pytest.mark.parametrize(("before", "word", "sms", "expected"), OPEN)
def test_a_look_at_an_open_number(
    before: Activation, word: str, sms: Sms | None, expected: str
) -> None:
    """State, recorded SMS and refund are what the table says; the person is told what changed."""
    found = look(before, word, sms)

    state = found.after.state.value
    shown = state + "!" * bool(found.sms) + "$" * found.after.is_refund_confirmed
    assert expected == shown
    assert (sms if "!" in expected else None) == found.sms
    if found.sms:
        assert [NoteKind.CODE, NoteKind.CARD] == told(found)
    else:
        assert [NoteKind.CARD] * (found.after.state is not before.state) == told(found)


@pytest.mark.parametrize(("before", "word", "sms", "expected"), OPEN)
def test_times_move_with_the_state(
    before: Activation, word: str, sms: Sms | None, expected: str
) -> None:
    """The time of the state changes when the state does, and only then."""
    after = look(before, word, sms).after

    is_moved = expected.strip("!$") != before.state.value
    assert (NOW if is_moved else before.changed_at) == after.changed_at


@pytest.mark.parametrize(("before", "word", "sms", "expected"), OPEN)
def test_nothing_else_changes(
    before: Activation, word: str, sms: Sms | None, expected: str
) -> None:
    """Whose it is, its number, its card and its price stay, whatever a look shows."""
    after = look(before, word, sms).after

    assert (before.id, before.offer, before.number, before.card, before.created_at) == (
        after.id,
        after.offer,
        after.number,
        after.card,
        after.created_at,
    )


@pytest.mark.parametrize("state", CLOSED)
@pytest.mark.parametrize("word", [word.value for word in ProviderStatus])
@pytest.mark.parametrize("sms", [None, SMS], ids=["none", "known"])
def test_a_look_at_a_closed_one(state: State, word: str, sms: Sms | None) -> None:
    """What is final stays as it is when there is nothing new to tell."""
    before = replace(in_state(state), sms=(SMS,))

    assert Observation(before, None, ()) == look(before, word, sms)


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED, State.COMPLETED])
@pytest.mark.parametrize("word", [word.value for word in ProviderStatus])
def test_a_late_code(state: State, word: str) -> None:
    """A code that comes after the end is recorded and told, and the end stays the end."""
    before = in_state(state)

    found = look(before, word, ANOTHER_SMS)

    assert (before, ANOTHER_SMS) == (found.after, found.sms)
    assert [NoteKind.CODE, NoteKind.CARD] == told(found)
    assert {(ANN, before.id)} == {(draft.user_id, draft.activation_id) for draft in found.drafts}


@pytest.mark.parametrize("before", [RECEIVED, SECOND_ROUND], ids=["received", "waiting"])
def test_waiting_again_is_another_round(before: Activation) -> None:
    """A number that waits for one more SMS than we knew begins a new round now."""
    after = look(before, "waiting", None, waits_again=True).after

    assert (State.WAITING, before.rounds + 1, NOW, True, 1) == (
        after.state,
        after.rounds,
        after.waiting_since,
        after.is_rearmed,
        after.older_sms,
    )


def test_another_round_forgets_what_was_asked_for() -> None:
    """A change that was asked for explains nothing in the next round."""
    asked = replace(RECEIVED, last_change=StatusChange.COMPLETE, is_change_accepted=True)
    after = look(asked, "waiting", None, waits_again=True).after

    assert (None, False) == (after.last_change, after.is_change_accepted)


@pytest.mark.parametrize("sms", [None, SMS], ids=["none", "old"])
def test_seen_waiting_means_rearmed(sms: Sms | None) -> None:
    """From the first look that shows it waiting, an SMS without its text is another one."""
    assert replace(SECOND_ROUND, is_rearmed=True) == look(SECOND_ROUND, "waiting", sms).after


def test_a_repeat_waits_on() -> None:
    """An equal SMS that is believed to be another one is told, and the number waits on."""
    weighed = Weighed(SMS, is_repeat=True)
    found = observe(SECOND_ROUND, seen(ProviderStatus.CODE_RECEIVED, SMS), NOW, weighed)

    assert (SECOND_ROUND, SMS) == (found.after, found.sms)
    assert [NoteKind.CODE, NoteKind.CARD] == told(found)


@pytest.mark.parametrize(
    ("word", "state"), [("code_received", "code_received"), ("unknown", "waiting")]
)
def test_told_while_it_waited(word: str, state: str) -> None:
    """Once the provider says so, a number whose SMS was told as it waited has its code."""
    before = replace(WAITING, sms=(SMS,))

    assert state == look(before, word, SMS, has_code=True).after.state.value


@pytest.mark.parametrize(
    "before", [WAITING, SECOND_ROUND, RECEIVED], ids=["first", "later", "received"]
)
@pytest.mark.parametrize("word", ["waiting", "code_received", "unknown"])
def test_given_up(before: Activation, word: str) -> None:
    """An open number that is given up has expired, its money's return not confirmed."""
    after = look(before, word, before.last_sms, is_given_up=True).after

    assert (State.EXPIRED, False) == (after.state, after.is_refund_confirmed)
    assert after.is_refund_due is not bool(before.sms)


@pytest.mark.parametrize("word", ["code_received", "unknown"])
def test_a_code_when_it_is_given_up(word: str) -> None:
    """A code that is found when a number would be given up is a code."""
    found = look(WAITING, word, SMS, is_given_up=True)

    assert (State.CODE_RECEIVED, SMS) == (found.after.state, found.sms)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (WAITING, State.EXPIRED),
        (replace(WAITING, wish=StatusChange.CANCEL), State.CANCELLED),
        (RECEIVED, State.EXPIRED),
        (replace(RECEIVED, wish=StatusChange.CANCEL), State.EXPIRED),
        (SECOND_ROUND, State.EXPIRED),
    ],
    ids=["waiting", "cancel asked", "received", "received, cancel asked", "another awaited"],
)
def test_a_number_the_provider_forgot(before: Activation, expected: State) -> None:
    """It is over, the money's return is not confirmed, and the card says so."""
    found = missing(before, NOW)

    assert (expected, NOW, False) == (
        found.after.state,
        found.after.changed_at,
        found.after.is_refund_confirmed,
    )
    assert [NoteKind.CARD] == told(found)


@pytest.mark.parametrize("state", CLOSED)
def test_a_closed_number_the_provider_forgot(state: State) -> None:
    """What has ended cannot be missed."""
    before = replace(in_state(state), is_refund_confirmed=True)

    assert Observation(before, None, ()) == missing(before, NOW)
