"""What buttons carry: it always fits, and whatever comes back is told apart."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.errors import NotFound, Refusal
from handlers.callback_data import (
    ABOUT_AN_ACTIVATION,
    Press,
    StalePressError,
    Verb,
    pack,
    pattern,
    ref,
    resolve,
    unpack,
)

OUTSIDE_IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
LARGEST = 2**63
TOKEN = "q3_Zk-9fWmB0xTyu"


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("id_", [1, 2**53, LARGEST])
def test_every_verb_fits_with_an_id(verb: Verb, id_: int) -> None:
    """Whatever is asked for about whatever row, it is at most 64 bytes and comes back."""
    data = pack(verb, id_)

    assert len(data.encode()) <= 64
    assert (verb, (str(id_),)) == (unpack(data).verb, unpack(data).parts)


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_fits_alone(verb: Verb) -> None:
    """A verb needs no parts."""
    assert (verb, ()) == (unpack(pack(verb)).verb, unpack(pack(verb)).parts)


@settings(deadline=None)
@given(OUTSIDE_IDS, OUTSIDE_IDS, st.integers(0, 9999))
def test_outside_ids_fit(country_id: str, service_code: str, page: int) -> None:
    """A country and a service with the oddest ids fit into one button, a page beside them."""
    offer = pack(Verb.OFFER, ref(country_id), ref(service_code))
    services = pack(Verb.SERVICES, ref(country_id), page)

    assert max(len(offer.encode()), len(services.encode())) <= 64
    assert (ref(country_id), ref(service_code)) == unpack(offer).parts
    assert (ref(country_id), page) == (unpack(services).ref(0), unpack(services).page(1))


def test_verbs_are_told_apart() -> None:
    """Each button is one verb's, also where one word begins like another."""
    for verb in Verb:
        for data in (pack(verb), pack(verb, 1), pack(verb, "x", "y")):
            assert [verb] == [one for one in Verb if re.match(pattern(one), data)]


def test_too_much_does_not_fit() -> None:
    """What would not fit is our mistake, and never sent."""
    with pytest.raises(ValueError, match="callback data of 70 bytes"):
        pack(Verb.OFFER, "x" * 65)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "",
        ":",
        "1",
        "1:",
        "1:xx",
        "1:CA:5",
        "2:m",
        "2:ns:0",
        "3:ca:5",
        "12:ca:5",
        "0:ca:5",
        " 1:ca:5",
        "1:ca\n",
        "ca:5",
        "' or 1=1 --",
        "\x00" * 64,
        "💥" * 16,
        5,
    ],
)
def test_garbage_is_stale(data: object) -> None:
    """Data of another version, or nobody's, is a stale button."""
    with pytest.raises(StalePressError):
        unpack(data)


@settings(deadline=None)
@given(st.text(max_size=64))
def test_any_data_is_a_press_or_stale(data: str) -> None:
    """Nothing a forger sends raises anything but what a person can be told."""
    try:
        press = unpack(data)
    except StalePressError:
        return
    assert 0 <= press.page() <= 9999
    assert isinstance(press.ref(), str)
    try:
        assert 1 <= press.id() <= 2**53
    except NotFound:
        return


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1 ", "٣", "²", "9007199254740993", "9" * 60],
)
def test_ids_that_are_none(text: str) -> None:
    """What is no positive id looks like an id that does not exist."""
    with pytest.raises(NotFound):
        Press(Verb.CANCEL, (text,)).id()


@pytest.mark.parametrize("verb", Verb)
def test_version_of_each_verb(verb: Verb) -> None:
    """What is about an activation carries its token, all else is as it always was."""
    press = unpack(pack(verb, TOKEN))

    assert (verb in ABOUT_AN_ACTIVATION) is press.has_token
    assert TOKEN == press.token()


@pytest.mark.parametrize("verb", sorted(ABOUT_AN_ACTIVATION))
def test_buttons_with_an_id(verb: Verb) -> None:
    """A button from before tokens is still read, and known for one without a token."""
    press = unpack(f"1:{verb.value}:12")

    assert not press.has_token
    assert 12 == press.id()


@pytest.mark.parametrize("text", ["", "12", "x" * 15, "x" * 25, "x" * 15 + "'", "é" * 16, "x" * 60])
def test_tokens_that_are_none(text: str) -> None:
    """What is no token looks like a token that does not exist."""
    with pytest.raises(NotFound):
        Press(Verb.CANCEL, (text,), has_token=True).token()


def test_a_missing_part() -> None:
    """A part that is not there is an empty one."""
    press = Press(Verb.SERVICES, ("187",))

    assert ("187", "", 0) == (press.ref(0), press.ref(1), press.page(1))
    with pytest.raises(NotFound):
        press.id(1)


@pytest.mark.parametrize(
    ("text", "page"),
    [("0", 0), ("7", 7), ("9999", 9999), ("10000", 0), ("-1", 0), ("x", 0), ("٣", 0)],
)
def test_pages(text: str, page: int) -> None:
    """Nonsense is the first page."""
    assert page == Press(Verb.HISTORY, (text,)).page()


@pytest.mark.parametrize("plain", ["wa", "187", "any", "A-b_c.9", "x" * 18])
def test_a_plain_id_stands_for_itself(plain: str) -> None:
    """A short id of letters and digits is carried as it is."""
    assert plain == ref(plain)


@pytest.mark.parametrize(
    "odd", ["", "x" * 19, "a:b", "a b", "ä", "~wa", "😀", "wa\n", "' or 1=1 --", "\u202e"]
)
def test_an_odd_id_is_carried_as_a_digest(odd: str) -> None:
    """Any other id is carried as a short safe word that is nobody's plain id."""
    assert re.fullmatch(r"~[0-9a-f]{16}", ref(odd))


@settings(deadline=None)
@given(st.lists(OUTSIDE_IDS, unique=True, min_size=1, max_size=20), st.integers(0, 19))
def test_what_a_reference_stands_for(ids: list[str], position: int) -> None:
    """Each id on offer is found again by its reference."""
    wanted = ids[position % len(ids)]

    assert wanted == resolve(ref(wanted), ids)


@pytest.mark.parametrize("reference", ["", "xx", "~0000000000000000", "187 "])
def test_a_reference_to_nothing(reference: str) -> None:
    """What is not on offer any more can be told to a person."""
    with pytest.raises(Refusal):
        resolve(reference, ["187", "wa", "a b"])
