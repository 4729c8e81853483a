"""An answer about another number is never believed, and an id is never two orders'."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from activations.errors import NotConfirmed, OutOfStock, WishRefused
from activations.model import FOUND, Activation, Kind, State
from activations.notes import Delivery, Note, NoteKind, Outcome
from activations.outbox import OutboxPass
from activations.poller import Poller
from bloomsms.errors import ErrorCode, Mismatched, Refused
from bloomsms.models import Changed, Pause, ProviderStatus, Rental, Service, StatusChange
from people.model import NO_LIMITS
from storage.activations import ActivationRows
from storage.database import Database
from tests.activations.scripted_provider import BALANCE, ScriptedProvider
from tests.activations.shop import OWNERS, Shop
from tests.made_up import ANN, ANOTHER_SMS, BOB, CARD, NUMBER, OFFER, OLGA, PRICE, RENTAL, SMS, seen
from tests.moved_clock import MovedClock

BOBS = replace(OFFER, user_id=BOB)
FOREIGN = [
    replace(seen(ProviderStatus.CODE_RECEIVED, SMS), activation_id="7"),
    replace(seen(ProviderStatus.CODE_RECEIVED, SMS), phone_number="+19009999999"),
    replace(seen(ProviderStatus.CANCELLED), activation_id="7"),
    replace(seen(ProviderStatus.COMPLETED), phone_number="+19009999999"),
    replace(seen(ProviderStatus.EXPIRED), activation_id="7", phone_number=NUMBER.phone_number),
]
OWN = [
    seen(ProviderStatus.CODE_RECEIVED, SMS),
    replace(seen(ProviderStatus.CODE_RECEIVED, SMS), activation_id="38496653"),
    replace(seen(ProviderStatus.CODE_RECEIVED, SMS), phone_number="+9001234567"),
    replace(seen(ProviderStatus.CODE_RECEIVED, SMS), phone_number="+1900***4567"),
]


async def about(shop: Shop, kind: NoteKind) -> list[Note]:
    return [note for note in await shop.told() if note.kind is kind]


@pytest.mark.parametrize("answer", FOREIGN, ids=str)
async def test_an_answer_about_another_number(
    shop: Shop, provider: ScriptedProvider, answer: object
) -> None:
    """Its code is not shown and its end ends nothing; owners hear of it once."""
    number = await shop.waiting()
    provider.always("activation", answer)
    for _ in range(3):
        with pytest.raises(Mismatched):
            await shop.inspector.look(number, provider)
    after, told = await shop.now(number), await shop.told()

    assert (State.WAITING, ()) == (after.state, after.sms)
    assert sorted(OWNERS) == sorted(n.user_id for n in told if n.kind is NoteKind.OWNER_MISMATCH)
    assert set() == {note.kind for note in told} - {NoteKind.OWNER_MISMATCH}


async def test_an_answer_about_another_number_on_a_full_disk(
    shop: Shop, database: Database, provider: ScriptedProvider
) -> None:
    """It is not believed either when nothing can be written of it."""

    class Rows(ActivationRows):
        async def tell_mismatch(self, *_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    number = await shop.waiting()
    shop.inspector._store = Rows(database)
    provider.next("activation", FOREIGN[0])

    with pytest.raises(Mismatched):
        await shop.inspector.look(number, provider)


async def test_an_order_refused_in_unknown_words(shop: Shop, provider: ScriptedProvider) -> None:
    """A code that no document has is kept with its words."""
    provider.next("rent", Refused(ErrorCode.OTHER, "TOO_SOON", "Wait 90 seconds.", 400))

    assert "OTHER TOO_SOON: Wait 90 seconds." == (await shop.rented()).reason


@pytest.mark.parametrize("answer", OWN, ids=str)
async def test_an_answer_that_may_be_of_the_number(
    shop: Shop, provider: ScriptedProvider, answer: object
) -> None:
    """What is missing or masked contradicts nothing, and a national form is the same number."""
    number = await shop.waiting()
    provider.next("activation", answer)

    assert State.CODE_RECEIVED is (await shop.inspector.look(number, provider)).state


async def test_others_are_asked_on(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Answers about other numbers are no outage: polls go on at their pace."""
    await shop.waiting()
    provider.always("activation", FOREIGN[0])
    outbox = OutboxPass(shop.notes, shop.store, Telegram(), clock)
    poller = Poller(
        shop.store, shop.watchlist, provider, shop.inspector, outbox, clock, lambda: 1.0
    )
    for _ in range(200):
        clock.move(1)
        await poller.run_pass()

    assert provider.count("activation") > 20
    assert poller.answered_at is not None


class Telegram:
    """Takes every note; meets the business's Messenger."""

    async def deliver(self, _note: Note, _activation: Activation | None) -> Delivery:
        return Delivery(Outcome.SENT)


@pytest.mark.parametrize("named", [Changed("7"), Changed(None, "+19009999999")], ids=str)
async def test_a_cancel_answered_for_another_number(
    shop: Shop, provider: ScriptedProvider, named: Changed
) -> None:
    """Its outcome is unknown: the look decides, here that the number still waits."""
    number = await shop.waiting()
    provider.next("change", named)

    with pytest.raises(NotConfirmed):
        await shop.endings.cancel(ANN, number.id)

    after = await shop.now(number)
    assert (State.WAITING, StatusChange.CANCEL) == (after.state, after.wish)
    assert len(OWNERS) == len(await about(shop, NoteKind.OWNER_MISMATCH))


@pytest.mark.parametrize(
    ("wish", "answer", "state"),
    [
        ("complete", seen(ProviderStatus.COMPLETED, SMS), State.COMPLETED),
        ("another_sms", seen(), State.WAITING),
    ],
)
async def test_a_wish_answered_for_another_number(
    shop: Shop, provider: ScriptedProvider, wish: str, answer: object, state: State
) -> None:
    """Nothing is taken as done that the look does not show."""
    number = await shop.received(SMS)
    provider.always("change", Changed("7"))
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    with pytest.raises(NotConfirmed):
        await getattr(shop.endings, wish)(ANN, number.id)
    provider.always("activation", answer)

    assert state is (await shop.inspector.look(await shop.now(number), provider)).state


async def test_a_change_that_names_its_number(shop: Shop, provider: ScriptedProvider) -> None:
    """An answer with the number's own id is believed as one without."""
    number = await shop.received(SMS)
    provider.next("change", Changed("38496653", "+9001234567"))

    assert State.WAITING is (await shop.endings.another_sms(ANN, number.id)).state


async def test_a_hint_answered_for_another_number(shop: Shop, provider: ScriptedProvider) -> None:
    """A lost order gets no number from an answer that names another id than was asked about."""
    order = await shop.orders.lose(await shop.begun(), "hung up")
    found = replace(seen(ProviderStatus.CODE_RECEIVED, SMS), phone_number="+19005550123")
    provider.next("activation", replace(found, activation_id="7"))

    with pytest.raises(Mismatched):
        await shop.adoption.adopt("8", "wa", provider)

    assert State.UNCERTAIN is (await shop.now(order)).state
    assert len(OWNERS) == len(await about(shop, NoteKind.OWNER_MISMATCH))


@pytest.mark.parametrize("state", [State.WAITING, State.CODE_RECEIVED, State.EXPIRED])
async def test_an_order_answered_with_anothers_id(
    shop: Shop, provider: ScriptedProvider, state: State
) -> None:
    """Bob is not given Ann's number: the outcome is unknown, he and the owners are told."""
    anns = await shop.waiting()
    if state is not State.WAITING:
        anns = await shop.became(anns, state)
    provider.next("rent", RENTAL)
    bobs = await shop.rented(BOBS)
    told = await shop.words()

    assert (State.UNCERTAIN, None) == (bobs.state, bobs.number)
    left = await shop.now(anns)
    assert (anns.state, anns.number) == (left.state, left.number)
    assert {f"uncertain {BOB}", f"card {BOB}"} < set(told)
    assert {f"owner_uncertain {OLGA}", f"owner_held {OLGA}"} < set(told)
    assert 1 == provider.count("rent")


async def test_the_same_number_under_its_old_id(shop: Shop, provider: ScriptedProvider) -> None:
    """A provider that names the ended number's id anew: the new order has it, the old its past."""
    source = await shop.became(await shop.received(SMS), State.EXPIRED)
    provider.next("re_rent", RENTAL)
    rented = await shop.rented(replace(OFFER, kind=Kind.AGAIN, source_id=source.id))
    old = await shop.now(source)
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))
    looked_at = provider.count("activation")
    await shop.inspector.look(old, provider)
    raced = await shop.inspector.take_in(source, seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))

    assert State.WAITING is rented.state
    assert looked_at == provider.count("activation")  # its id is not its own any more
    assert old == raced
    assert old.number
    assert NUMBER.phone_number == old.number.phone_number
    assert (await shop.rentals.quote_again(ANN, NO_LIMITS, old.id)).activation.offer.source_id


async def test_the_own_id_named_again(shop: Shop, provider: ScriptedProvider) -> None:
    """A hint finds the number first, then the late answer names it: it stays as it stands."""
    begun = await shop.begun()
    lost = await shop.orders.lose(begun, "held for lost")
    provider.next(
        "activation", replace(seen(ProviderStatus.CODE_RECEIVED, SMS), phone_number="+19001234567")
    )
    await shop.adoption.adopt("38496653", "wa", provider)
    provider.next("rent", replace(RENTAL, price=Decimal("0.50")))
    late = await shop.orders.place(begun)

    assert (State.CODE_RECEIVED, FOUND, (SMS,)) == (late.state, late.reason, late.sms)
    assert late.number
    assert Decimal("0.50") == late.number.charged
    assert lost.id == late.id


async def test_an_id_that_an_answer_named_meanwhile(
    shop: Shop, database: Database, provider: ScriptedProvider
) -> None:
    """A hint that comes too late for its number gives it to no other order."""
    await shop.orders.lose(await shop.begun(), "hung up")

    class Rows(ActivationRows):
        async def by_provider_ids(self, provider_ids: Sequence[str]) -> list[Activation]:
            found = await super().by_provider_ids(provider_ids)
            await shop.waiting(BOBS, "8")
            return found

    shop.adoption._store = Rows(database)  # where an answer comes right after the question
    provider.next("activation", replace(seen(), phone_number="+19005550123"))

    assert await shop.adoption.adopt("8", "wa", provider) is None


@pytest.mark.parametrize(
    ("given", "service", "country"),
    [
        ({"service": "tg"}, "tg", ""),
        ({"country": "0"}, "", "0"),
        ({"service": "tg", "country": "Russia"}, "tg", "Russia"),
        ({"service": " WA ", "country": "united states"}, "", ""),
        ({}, "", ""),
    ],
    ids=str,
)
async def test_something_other_than_ordered(
    shop: Shop, provider: ScriptedProvider, given: dict[str, str], service: str, country: str
) -> None:
    """A number of another service or country is a number in hand; owners are told."""
    await shop.catalog.countries(ANN)
    named = Rental("38496653", "+19001234567", PRICE, NUMBER.expires_at, **given)
    provider.next("rent", named)
    rented = await shop.rented()

    assert rented.number
    assert (State.WAITING, service, country) == (
        rented.state, rented.number.given_service, rented.number.given_country,
    )  # fmt: skip
    told = {note.user_id for note in await about(shop, NoteKind.OWNER_DIFFERENT)}
    assert (OWNERS if service or country else set()) == told


@pytest.mark.parametrize(
    ("phone", "is_other"), [("+19001234567", False), ("9001234567", False), ("+19007654321", True)]
)
async def test_another_number_instead_of_the_same(
    shop: Shop, provider: ScriptedProvider, phone: str, *, is_other: bool
) -> None:
    """A re-rent that names another number is a new number, and says so."""
    source = await shop.became(await shop.received(SMS), State.EXPIRED)
    provider.next("re_rent", replace(RENTAL, activation_id="9", phone_number=phone))
    rented = await shop.rented(replace(OFFER, kind=Kind.AGAIN, source_id=source.id))

    assert rented.number
    assert is_other is rented.number.is_other_phone


async def test_another_number_found_instead_of_the_same(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """The same holds for one that a hint has found."""
    source = await shop.became(await shop.received(SMS), State.EXPIRED)
    begun = await shop.begun(replace(OFFER, kind=Kind.AGAIN, source_id=source.id))
    await shop.orders.lose(begun, "hung up")
    provider.next("activation", replace(seen(), phone_number="+19005550123"))
    found = await shop.adoption.adopt("8", "wa", provider)

    assert found
    assert found.number
    assert found.number.is_other_phone


@pytest.mark.parametrize(
    ("charged", "is_told"), [("5.55", True), ("0.550001", True), ("0.55", False), ("0.40", False)]
)
@pytest.mark.parametrize("kind", [Kind.FRESH, Kind.AGAIN])
async def test_more_was_taken_than_shown(
    shop: Shop, provider: ScriptedProvider, kind: Kind, charged: str, *, is_told: bool
) -> None:
    """The person pays what was shown; owners are told, and the balance begins anew."""
    source = await shop.became(await shop.received(SMS), State.EXPIRED)
    await shop.account.begin(Decimal(100), await shop.account.next_reading(), shop.clock.now())
    shop.clock.move(1)
    question = "rent" if kind is Kind.FRESH else "re_rent"
    provider.next(question, replace(RENTAL, activation_id="9", price=Decimal(charged)))
    source_id = None if kind is Kind.FRESH else source.id
    rented = await shop.rented(replace(OFFER, kind=kind, source_id=source_id))
    expected = await shop.account.expected()

    assert (min(PRICE, Decimal(charged)), Decimal(charged)) == (rented.price, rented.taken)
    assert is_told is bool(await about(shop, NoteKind.OWNER_OVERCHARGED))
    assert is_told is (expected is None)
    assert is_told or expected is None or expected[0] == Decimal(100) - Decimal(charged)


async def test_what_comes_back_is_what_was_taken(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """The return of a number that cost less than shown is known by what was taken."""
    provider.next("rent", replace(RENTAL, price=Decimal("0.40")))
    rented = await shop.rented()
    await shop.account.begin(Decimal(100), await shop.account.next_reading(), clock.now())
    ended = replace(rented, state=State.EXPIRED, is_refund_due=True)
    await shop.store.record(rented, ended, (), clock.now())
    clock.move(300)
    provider.always("balance", lambda: replace(BALANCE, amount=Decimal("100.40")))
    await shop.books.run_pass(provider)
    await shop.books.run_pass(provider)

    assert (await shop.now(rented)).is_refund_confirmed


@pytest.mark.parametrize("price", ["0", "0.0000004"])
async def test_a_service_for_nothing(shop: Shop, provider: ScriptedProvider, price: str) -> None:
    """It is neither listed nor found nor offered: a limit of 0 may mean that there is none."""
    free = Service("wa", "WhatsApp", Decimal(price), 980)
    provider.always("services", [free, Service("tg", "Telegram", PRICE, 1)])
    source = await shop.became(await shop.received(SMS), State.EXPIRED)

    assert ["tg"] == [one.code for one in await shop.catalog.services(ANN, "187")]
    assert [] == (await shop.catalog.search(ANN, "whatsapp", "187"))[0]
    with pytest.raises(OutOfStock):
        await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")
    with pytest.raises(OutOfStock):
        await shop.rentals.quote_again(ANN, NO_LIMITS, source.id)


async def test_an_old_offer_for_nothing(shop: Shop, provider: ScriptedProvider) -> None:
    """Its button spends nothing."""
    offered = await shop.offered(replace(OFFER, price=Decimal(0)))

    with pytest.raises(OutOfStock):
        await shop.rentals.confirm(ANN, NO_LIMITS, offered.id, CARD)

    assert State.INTENT is (await shop.now(offered)).state
    assert 0 == provider.count("rent")


async def test_another_number_instead_of_one_for_nothing(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """A number that the provider gave for nothing is replaced at the price that was shown."""
    provider.next("rent", replace(RENTAL, price=Decimal(0)))
    rented = await shop.rented()
    provider.next("activation", seen(ProviderStatus.CANCELLED))
    begun = await shop.rentals.swap(ANN, NO_LIMITS, rented.id)

    assert (Decimal(0), PRICE) == (rented.price, begun.offer.price)


async def test_nothing_is_swapped_for_nothing(shop: Shop, provider: ScriptedProvider) -> None:
    """An old row whose offer was for nothing keeps its number: none is cancelled for it."""
    number = await shop.waiting(replace(OFFER, price=Decimal(0)))
    number = await shop.now(number)
    provider.always("activation", seen(ProviderStatus.CANCELLED))
    priced = replace(number, number=replace(number.number or NUMBER, price=Decimal(0)))
    await shop.store.record(number, priced, (), shop.clock.now())

    with pytest.raises(OutOfStock):
        await shop.rentals.swap(ANN, NO_LIMITS, number.id)

    assert 0 == provider.count("change")


def refused(pause: Pause | None, code: ErrorCode = ErrorCode.INVALID_PARAMETER) -> Refused:
    return Refused(code, code.value, "Not now.", 422, pause)


@pytest.mark.parametrize(
    ("pause_s", "is_since_rented", "expected_s"),
    [(90, False, 90), (120, True, 90), (30, True, None), (None, False, None)],
)
async def test_when_to_cancel_again(
    shop: Shop,
    provider: ScriptedProvider,
    clock: MovedClock,
    pause_s: int | None,
    expected_s: int | None,
    *,
    is_since_rented: bool,
) -> None:
    """The refusal says from when on to try again, and the number stays as it was."""
    number = await shop.waiting()
    clock.move(30)
    start = clock.now()
    pause = None
    if pause_s is not None:
        pause = Pause(after=timedelta(seconds=pause_s), is_since_rented=is_since_rented)
    provider.next("change", refused(pause))

    with pytest.raises(WishRefused) as caught:
        await shop.endings.cancel(ANN, number.id)

    expected = None if expected_s is None else start + timedelta(seconds=expected_s)
    assert (StatusChange.CANCEL, expected) == (caught.value.wish, caught.value.retry_at)
    after = await shop.now(number)
    assert (State.WAITING, None) == (after.state, after.wish)


@pytest.mark.parametrize(("ahead_s", "is_named"), [(60, True), (-60, False), (100_000, False)])
async def test_a_time_to_cancel_again(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, ahead_s: int, *, is_named: bool
) -> None:
    """A time that is past, or a day ahead and more, is none to wait for."""
    number = await shop.waiting()
    at = clock.now() + timedelta(seconds=ahead_s)
    provider.next("change", refused(Pause(at=at)))

    with pytest.raises(WishRefused) as caught:
        await shop.endings.cancel(ANN, number.id)

    assert (at if is_named else None) == caught.value.retry_at


async def test_since_an_old_renting(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """With a later SMS the time since renting counts from the order, not from the last wish."""
    number = await shop.received(SMS)
    await shop.endings.another_sms(ANN, number.id)
    clock.move(30)
    provider.next("change", refused(Pause(after=timedelta(seconds=120), is_since_rented=True)))

    with pytest.raises(WishRefused) as caught:
        await shop.endings.complete(ANN, number.id)

    assert timedelta(seconds=90) == caught.value.wait
