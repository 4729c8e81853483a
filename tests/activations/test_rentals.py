"""Getting a number: offer, confirm, pay, swap. One press rents at most one number."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from activations.errors import (
    GoneAlready,
    NotAllowed,
    NotConfirmed,
    NotFound,
    OfferStale,
    OutOfStock,
    ProviderSaysNo,
    Refusal,
    RentingClosed,
    SpentToday,
    TooDear,
    TooMany,
)
from activations.model import Activation, Card, Kind, State
from activations.notes import NoteKind
from bloomsms.errors import (
    BloomsmsError,
    ErrorCode,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from bloomsms.models import ProviderStatus, Service
from people.model import NO_LIMITS, Limits, Standing
from storage.database import Database
from storage.users import UserRows
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop, swapped
from tests.made_up import (
    AGAIN,
    ANN,
    BOB,
    CARD,
    NASTY,
    NUMBER,
    OFFER,
    OLGA,
    PRICE,
    RENTAL,
    SMS,
    seen,
)
from tests.moved_clock import MovedClock
from tests.storage import rows

CANCELLED = seen(ProviderStatus.CANCELLED)
NEW_CARD = Card(ANN, 99)


def no(code: ErrorCode, http_status: int = 400) -> Refused:
    return Refused(code, code.value, "Why not.", http_status)


def service(price: str = "0.55", stock: int = 980) -> list[Service]:
    return [Service("wa", NASTY, Decimal(price), stock)]


async def confirm(shop: Shop, activation: Activation, limits: Limits = NO_LIMITS) -> Activation:
    return await shop.rentals.confirm(ANN, limits, activation.id, CARD)


@pytest.fixture
def users(database: Database, clock: MovedClock) -> UserRows:
    return UserRows(database, clock)


# Offers


async def test_quote(shop: Shop, provider: ScriptedProvider) -> None:
    """An offer names service, country, price and stock of now, and nothing is ordered."""
    provider.always("services", service("0.60", 7))

    quote = await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")

    assert (7, State.INTENT) == (quote.stock, quote.activation.state)
    assert replace(OFFER, service_name=NASTY, price=Decimal("0.60")) == quote.activation.offer
    assert quote.activation == await shop.now(quote.activation)
    assert 0 == provider.count("rent")


async def test_quote_for_any_country(shop: Shop, provider: ScriptedProvider) -> None:
    """Any country is a country to rent in."""
    quote = await shop.rentals.quote(ANN, NO_LIMITS, "any", "wa")

    assert ("any", "Any country") == (
        quote.activation.offer.country_id,
        quote.activation.offer.country_name,
    )


@pytest.mark.parametrize(
    ("country_id", "service_code", "expected"),
    [("99", "wa", NotFound), ("187", "xx", OutOfStock), ("", "wa", NotFound)],
)
async def test_a_quote_for_what_is_not_there(
    shop: Shop, country_id: str, service_code: str, expected: type[Refusal]
) -> None:
    """A country or a service that is not on offer is refused."""
    with pytest.raises(expected):
        await shop.rentals.quote(ANN, NO_LIMITS, country_id, service_code)


async def test_a_quote_without_stock(shop: Shop, provider: ScriptedProvider) -> None:
    """What is sold out is not offered."""
    provider.always("services", service(stock=0))

    with pytest.raises(OutOfStock):
        await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")


@pytest.mark.parametrize(
    ("price", "is_offered"), [("0.50", True), ("0.500001", False), ("9", False)]
)
async def test_a_quote_above_the_limit(
    shop: Shop, provider: ScriptedProvider, price: str, *, is_offered: bool
) -> None:
    """The price limit itself is allowed, nothing above it."""
    provider.always("services", service(price))
    limits = Limits(max_price=Decimal("0.50"))

    if is_offered:
        await shop.rentals.quote(ANN, limits, "187", "wa")
    else:
        with pytest.raises(TooDear) as caught:
            await shop.rentals.quote(ANN, limits, "187", "wa")
        assert (Decimal(price), Decimal("0.50")) == (caught.value.price, caught.value.limit)

    assert int(is_offered) == await shop.store.count_of(ANN, frozenset({State.INTENT}))


async def test_a_quote_while_the_provider_says_no(shop: Shop, provider: ScriptedProvider) -> None:
    """What keeps the provider from answering is told."""
    provider.always("services", no(ErrorCode.MAINTENANCE, 503))

    with pytest.raises(ProviderSaysNo):
        await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")


async def test_an_offer_without_a_name(shop: Shop) -> None:
    """An offer that the database refuses is not made."""
    nameless = replace(OFFER, service_name=None)  # type: ignore[arg-type]  # no answer's

    with pytest.raises(NotFound):
        await shop.rentals._propose(nameless, NO_LIMITS)


async def test_quote_again(shop: Shop, provider: ScriptedProvider) -> None:
    """The same number for another code, at the price of now."""
    source = await shop.received(SMS)
    provider.always("services", service("0.70"))

    quote = await shop.rentals.quote_again(ANN, NO_LIMITS, source.id)

    assert quote.stock is None
    assert (
        replace(OFFER, price=Decimal("0.70"), kind=Kind.AGAIN, source_id=source.id)
        == quote.activation.offer
    )


@pytest.mark.parametrize("user_id", [ANN, BOB], ids=["no number", "another's"])
async def test_quote_again_of_what_was_never_rented(shop: Shop, user_id: int) -> None:
    """Without a number of one's own there is nothing to rent again."""
    source = await (shop.begun() if user_id == ANN else shop.received(SMS))

    with pytest.raises(NotFound):
        await shop.rentals.quote_again(user_id, NO_LIMITS, source.id)


async def test_quote_again_while_it_waits(shop: Shop) -> None:
    """A number that waits for a code cannot be rented a second time."""
    source = await shop.waiting()

    with pytest.raises(GoneAlready) as caught:
        await shop.rentals.quote_again(ANN, NO_LIMITS, source.id)

    assert source == caught.value.activation


async def test_quote_again_above_the_limit(shop: Shop) -> None:
    """The limits hold for the same number, too."""
    source = await shop.received(SMS)

    with pytest.raises(TooDear):
        await shop.rentals.quote_again(ANN, Limits(max_price=Decimal("0.01")), source.id)


async def test_withdraw(shop: Shop) -> None:
    """An offer that was left is over; leaving it again changes nothing."""
    offer = await shop.offered()

    await shop.rentals.withdraw(ANN, offer.id)
    await shop.rentals.withdraw(ANN, offer.id)

    assert State.WITHDRAWN is (await shop.now(offer)).state


@pytest.mark.parametrize("state", [state for state in State if state is not State.INTENT])
async def test_only_an_offer_is_withdrawn(shop: Shop, state: State) -> None:
    """Leaving an old card does nothing to what became of it."""
    activation = await rows.in_state(shop.store, shop.clock, state)

    await shop.rentals.withdraw(ANN, activation.id)

    assert activation == await shop.now(activation)


async def test_another_persons_offer(shop: Shop) -> None:
    """Nobody confirms or withdraws what is somebody else's."""
    offer = await shop.offered()

    with pytest.raises(NotFound):
        await shop.rentals.confirm(BOB, NO_LIMITS, offer.id, CARD)
    with pytest.raises(NotFound):
        await shop.rentals.withdraw(BOB, offer.id)

    assert offer == await shop.now(offer)


# Confirming


@pytest.mark.parametrize("place", [Card(ANN, 18), None], ids=["another message", "none"])
async def test_confirm_from_another_message(
    shop: Shop, provider: ScriptedProvider, place: Card | None
) -> None:
    """An offer whose card is known is taken from there alone, and stays an offer."""
    offer = await shop.offered()
    await shop.store.place_card(offer.id, CARD)
    with pytest.raises(OfferStale):
        await shop.rentals.confirm(ANN, NO_LIMITS, offer.id, place)

    assert State.INTENT is (await shop.now(offer)).state
    assert State.RENTING is (await confirm(shop, offer)).state
    assert [] == provider.asked


async def test_nothing_is_rented_while_closed(
    shop: Shop, provider: ScriptedProvider, database: Database
) -> None:
    """A database that lost orders spends nothing, and gives no number back for another one."""
    held, offer = await shop.waiting(), await shop.offered()
    async with database.transaction() as db:
        await db.execute("update order_count set lost = 9")
    for wish in (confirm(shop, offer), shop.rentals.swap(ANN, NO_LIMITS, held.id)):
        with pytest.raises(RentingClosed):
            await wish

    assert [] == provider.asked
    await shop.store.open_renting()
    assert State.RENTING is (await confirm(shop, offer)).state


async def test_confirm(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
    """The press takes the offer and the card; the order is not yet out."""
    offer = await shop.offered()
    now = clock.move(10)

    begun = await confirm(shop, offer)

    assert replace(offer, state=State.RENTING, changed_at=now, card=CARD) == begun
    assert [] == provider.asked


async def test_a_second_press(shop: Shop) -> None:
    """Every press but the first is shown what became of it."""
    offer = await shop.offered()
    begun = await confirm(shop, offer)

    with pytest.raises(GoneAlready) as caught:
        await confirm(shop, offer)

    assert begun == caught.value.activation


async def test_twenty_presses_at_once(shop: Shop, provider: ScriptedProvider) -> None:
    """Twenty taps in the same moment order one number."""
    offer = await shop.offered()

    async def press() -> Activation:
        return await shop.rentals.pay(await confirm(shop, offer))

    ends = await asyncio.gather(*(press() for _ in range(20)), return_exceptions=True)

    assert 19 == sum(isinstance(end, GoneAlready) for end in ends)
    assert 1 == provider.count("rent")


async def test_a_press_after_a_restart(
    shop: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """The same press, replayed to the next process, orders nothing."""
    rented = await shop.rented()
    later = Shop(database, provider, clock)
    await later.rentals.recover()

    with pytest.raises(GoneAlready) as caught:
        await confirm(later, rented)

    assert rented == caught.value.activation
    assert 1 == provider.count("rent")


@pytest.mark.parametrize(("minutes", "is_stale"), [(15, False), (15.01, True), (9999, True)])
async def test_a_stale_offer(
    shop: Shop, clock: MovedClock, minutes: float, *, is_stale: bool
) -> None:
    """After a quarter of an hour an offer is asked for again instead of taken."""
    offer = await shop.offered()
    clock.move(minutes=minutes)

    if is_stale:
        with pytest.raises(OfferStale) as caught:
            await confirm(shop, offer)
        assert offer.id == caught.value.activation.id
    else:
        await confirm(shop, offer)

    expected = State.WITHDRAWN if is_stale else State.RENTING
    assert expected is (await shop.now(offer)).state


async def test_numbers_at_once(shop: Shop) -> None:
    """As many numbers as allowed, not one more; the offer stays for later."""
    limits = Limits(max_active=2)
    await confirm(shop, await shop.offered(), limits)
    await confirm(shop, await shop.offered(), limits)
    third = await shop.offered()

    with pytest.raises(TooMany) as caught:
        await confirm(shop, third, limits)

    assert 2 == caught.value.limit
    assert State.INTENT is (await shop.now(third)).state


async def test_presses_at_once_keep_the_limit(shop: Shop) -> None:
    """Ten offers confirmed in the same moment do not slip past the limit."""
    offers = [await shop.offered() for _ in range(10)]

    ends = await asyncio.gather(
        *(confirm(shop, offer, Limits(max_active=3)) for offer in offers), return_exceptions=True
    )

    assert 7 == sum(isinstance(end, TooMany) for end in ends)


async def test_spending_in_a_day(shop: Shop, clock: MovedClock) -> None:
    """The daily limit itself may be spent, nothing above; the next day it is free again."""
    limits = Limits(daily=2 * PRICE)
    for _ in range(2):
        await confirm(shop, await shop.offered(), limits)

    with pytest.raises(SpentToday) as caught:
        await confirm(shop, await shop.offered(), limits)
    clock.move(hours=24, seconds=1)
    await confirm(shop, await shop.offered(), limits)

    assert 2 * PRICE == caught.value.limit


async def test_a_limit_that_came_later(shop: Shop) -> None:
    """An offer above a limit that was set meanwhile is not taken."""
    offer = await shop.offered()

    with pytest.raises(TooDear):
        await confirm(shop, offer, Limits(max_price=Decimal("0.54")))

    assert State.INTENT is (await shop.now(offer)).state


# Paying


async def test_pay(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
    """The order carries the price shown as its limit; the number is kept and shown."""
    offer = await shop.offered()
    clock.move(10)

    rented = await shop.rentals.pay(await confirm(shop, offer))

    assert ["rent wa 187 0.55"] == provider.asked
    number = replace(NUMBER, charged=PRICE)
    assert (State.WAITING, number, clock.now(), clock.now()) == (
        rented.state,
        rented.number,
        rented.waiting_since,
        rented.changed_at,
    )
    assert rented == await shop.now(offer)
    assert [f"card {ANN}"] == await shop.words()


@pytest.mark.parametrize(
    ("charged", "kept"),
    [(None, "0.55"), ("0.40", "0.40"), ("0.55", "0.55"), ("0.56", "0.55")],
)
async def test_what_a_fresh_number_costs(
    shop: Shop, provider: ScriptedProvider, charged: str | None, kept: str
) -> None:
    """What the provider says it took, and never more than the price shown."""
    price = None if charged is None else Decimal(charged)
    provider.next("rent", replace(RENTAL, price=price))

    assert Decimal(kept) == (await shop.rented()).price


@pytest.mark.parametrize(("charged", "kept"), [(None, "0.55"), ("0.40", "0.40"), ("0.70", "0.55")])
async def test_what_the_same_number_costs(
    shop: Shop, provider: ScriptedProvider, charged: str | None, kept: str
) -> None:
    """A re-rent has no limit with the provider; the person pays what was shown all the same."""
    source = await shop.received(SMS)
    price = None if charged is None else Decimal(charged)
    provider.next("re_rent", replace(RENTAL, activation_id="38496700", price=price))

    rented = await shop.rented(replace(AGAIN, source_id=source.id))

    assert ["re_rent 38496653"] == provider.asked
    assert (Decimal(kept), State.WAITING) == (rented.price, rented.state)


async def test_an_end_that_is_past(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """An end that is past already is no end: the number lives as usual."""
    provider.next("rent", replace(RENTAL, expires_at=clock.now() - timedelta(hours=5)))

    rented = await shop.rented()

    assert rented.number
    assert clock.now() + timedelta(minutes=20) == rented.number.expires_at


async def test_no_end_given(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
    """A number whose end the provider does not say lives twenty minutes."""
    provider.next("rent", replace(RENTAL, expires_at=None))

    rented = await shop.rented()

    assert rented.number
    assert clock.now() + timedelta(minutes=20) == rented.number.expires_at


async def test_an_end_beyond_the_calendar(shop: Shop, provider: ScriptedProvider) -> None:
    """A number that "never" ends does not keep the others from being found."""
    end = NUMBER.expires_at.replace(year=9999, month=12, day=31, hour=23, minute=59, second=59)
    provider.next("rent", replace(RENTAL, expires_at=end))
    await shop.rented()

    assert 1 == len(await shop.store.in_states(frozenset({State.WAITING})))


@pytest.mark.parametrize(
    "code", [c for c in ErrorCode if c not in (ErrorCode.RATE_LIMITED, ErrorCode.OTHER)]
)
async def test_a_refused_order(shop: Shop, provider: ScriptedProvider, code: ErrorCode) -> None:
    """The card says why, nothing is held, and nothing is asked again."""
    provider.next("rent", no(code))

    refused = await shop.rented()

    assert (State.REFUSED, code.value, None) == (refused.state, refused.reason, refused.number)
    assert f"card {ANN}" in await shop.words()
    assert 1 == provider.count("rent")


async def test_an_empty_account_is_told_once(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Owners hear of an empty account at the first refusal, then not for six hours."""
    provider.always("rent", no(ErrorCode.INSUFFICIENT_FUNDS, 402))
    told = []
    for hours in (0.0, 3.0, 2.9, 0.2):
        clock.move(hours=hours)
        await shop.rented()
        told.append([n.user_id for n in await shop.told() if n.kind is NoteKind.OWNER_FUNDS])

    assert [[999, OLGA], [], [], [999, OLGA]] == told


async def test_a_refusal_makes_prices_old(shop: Shop, provider: ScriptedProvider) -> None:
    """What is not to be had is looked up anew for the next offer."""
    await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")
    provider.next("rent", no(ErrorCode.NO_NUMBERS_AVAILABLE))
    await shop.rented()
    provider.always("services", service("0.80"))

    quote = await shop.rentals.quote(ANN, NO_LIMITS, "187", "wa")

    assert Decimal("0.80") == quote.activation.price


@pytest.mark.parametrize(
    ("err", "reason"), [(NotSent("refused"), "not_sent"), (RateLimited(5.0), "busy")]
)
async def test_an_order_that_never_left(
    shop: Shop, provider: ScriptedProvider, err: BloomsmsError, reason: str
) -> None:
    """Nothing was charged, the card says so, and the same button works again."""
    provider.next("rent", err)
    back = await shop.rented()
    told = await shop.words()

    rented = await shop.rentals.pay(await confirm(shop, back))

    assert (State.INTENT, reason) == (back.state, back.reason)
    assert [f"card {ANN}"] == told
    assert (State.WAITING, "") == (rented.state, rented.reason)
    assert 2 == provider.count("rent")


async def test_an_order_whose_outcome_is_unknown(shop: Shop, provider: ScriptedProvider) -> None:
    """It is kept, told to the person and to each owner, and never repeated."""
    provider.next("rent", OutcomeUnknown("hung up"))

    lost = await shop.rented()
    with pytest.raises(GoneAlready):
        await confirm(shop, lost)

    assert State.UNCERTAIN is lost.state
    assert [
        f"uncertain {ANN}",
        "owner_uncertain 999",
        f"owner_uncertain {OLGA}",
        f"card {ANN}",
    ] == await shop.words()
    assert 1 == provider.count("rent")


async def test_a_number_that_is_gone(shop: Shop, provider: ScriptedProvider) -> None:
    """Renting again what has no number asks nobody and costs nothing."""
    source = await shop.begun()

    back = await shop.rented(replace(AGAIN, source_id=source.id))

    assert State.INTENT is back.state
    assert [] == provider.asked


async def test_a_press_that_is_cut_off(
    shop: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A process that ends with the order on its way leaves it uncertain, not open for a retry."""
    begun = await confirm(shop, await shop.offered())
    provider.gate.clear()
    paying = asyncio.create_task(asyncio.wait_for(shop.rentals.pay(begun), 5))
    await provider.is_asked(1)
    paying.cancel()
    await asyncio.wait([paying])

    later = Shop(database, provider, clock)
    await later.rentals.recover()

    assert State.UNCERTAIN is (await later.now(begun)).state
    assert f"uncertain {ANN}" in await later.words()
    assert 1 == provider.count("rent")


async def test_recover_leaves_the_rest_alone(shop: Shop) -> None:
    """Offers on cards that are still shown, numbers and ends stay as they are."""
    before = [
        await rows.in_state(shop.store, shop.clock, state)
        for state in State
        if state is not State.RENTING
    ]

    await shop.rentals.recover()

    assert before == [await shop.now(activation) for activation in before]


# The right to rent

PRIVATE = Limits(standings=frozenset({Standing.LET_IN}))


@pytest.mark.parametrize("standing", Standing)
async def test_the_right_is_read_where_money_is_spent(
    shop: Shop, users: UserRows, standing: Standing
) -> None:
    """Of a person who may not rent, or may no more, no order begins."""
    offered = await shop.offered()
    await users.meet(ANN, "Ann")
    await users.decide(ANN, standing)

    try:
        await confirm(shop, offered, PRIVATE)
    except NotAllowed:
        state = State.INTENT
    else:
        state = State.RENTING

    assert (standing is Standing.LET_IN) is (state is State.RENTING)
    assert state is (await shop.now(offered)).state


async def test_a_person_without_a_row_is_new(shop: Shop) -> None:
    """A person of whom there is no row may rent where new people may, and only there."""
    offered = await shop.offered()

    with pytest.raises(NotAllowed):
        await confirm(shop, offered, PRIVATE)
    begun = await confirm(shop, offered, Limits(standings=frozenset({Standing.NEW})))

    assert State.RENTING is begun.state


async def test_a_swap_without_the_right(
    shop: Shop, provider: ScriptedProvider, users: UserRows
) -> None:
    """The number of a person who was removed is not cancelled for another they may not rent."""
    old = await shop.waiting()
    await users.meet(ANN, "Ann")
    await users.decide(ANN, Standing.TURNED_AWAY)

    with pytest.raises(NotAllowed):
        await shop.rentals.swap(ANN, PRIVATE, old.id)

    assert [] == provider.asked
    assert old == await shop.now(old)
    assert [] == await shop.store.in_states(frozenset({State.INTENT, State.WITHDRAWN}))


async def test_a_swap_whose_right_ends_on_the_way(
    shop: Shop, provider: ScriptedProvider, users: UserRows
) -> None:
    """A person removed while their number is given back gets no other one."""
    old = await shop.waiting()
    await users.meet(ANN, "Ann")
    await users.decide(ANN, Standing.LET_IN)
    provider.next("activation", CANCELLED)
    provider.gate.clear()
    swapping = asyncio.create_task(shop.rentals.swap(ANN, PRIVATE, old.id))
    await provider.is_asked(1)
    await users.decide(ANN, Standing.TURNED_AWAY)
    provider.gate.set()

    with pytest.raises(NotAllowed):
        await swapping

    assert 0 == provider.count("rent")
    assert [] == await shop.store.in_states(frozenset({State.INTENT, State.RENTING}))


# Swapping


async def test_swap(shop: Shop, provider: ScriptedProvider) -> None:
    """First the old number is given back and seen to be, then another one like it is begun."""
    old = await shop.waiting()
    provider.next("activation", CANCELLED)

    begun = await shop.rentals.swap(ANN, NO_LIMITS, old.id)
    asked_by_then = list(provider.asked)
    await shop.rentals.pay(begun)

    assert ["change 38496653 cancel", "activation 38496653"] == asked_by_then
    assert "rent wa 187 0.55" == provider.asked[-1]
    assert (swapped(old), State.RENTING, CARD) == (begun.offer, begun.state, begun.card)
    assert (State.CANCELLED, None) == ((await shop.now(old)).state, (await shop.now(old)).card)


@pytest.mark.parametrize(
    ("answer", "look", "expected"),
    [
        (None, seen(ProviderStatus.CODE_RECEIVED, SMS), GoneAlready),
        (None, seen(), NotConfirmed),
        (OutcomeUnknown("hung up"), seen(), NotConfirmed),
        (no(ErrorCode.INVALID_PARAMETER, 422), seen(), ProviderSaysNo),
        (None, seen(ProviderStatus.COMPLETED), NotConfirmed),
    ],
    ids=["code came", "not confirmed", "answer lost", "refused", "completed"],
)
async def test_a_swap_without_a_cancel(
    shop: Shop,
    provider: ScriptedProvider,
    answer: BloomsmsError | None,
    look: object,
    expected: type[Refusal],
) -> None:
    """Unless the cancel is confirmed nothing is bought, and the swap may be tried again."""
    old = await shop.waiting()
    provider.next("change", answer)
    provider.next("activation", look)

    with pytest.raises(expected):
        await shop.rentals.swap(ANN, NO_LIMITS, old.id)

    assert 0 == provider.count("rent")
    assert [] == await shop.store.in_states(frozenset({State.INTENT, State.RENTING}))
    assert await shop.store.offer(swapped(old), shop.clock.now()) is not None


async def test_two_swaps_at_once(shop: Shop, provider: ScriptedProvider) -> None:
    """However often it is pressed, one number is given back and one begun."""
    old = await shop.waiting()
    provider.always("activation", CANCELLED)

    ends = await asyncio.gather(
        *(shop.rentals.swap(ANN, NO_LIMITS, old.id) for _ in range(5)), return_exceptions=True
    )

    assert 1 == sum(isinstance(end, Activation) for end in ends)
    assert 4 == sum(isinstance(end, NotConfirmed | GoneAlready) for end in ends)
    assert 1 == provider.count("change")


@pytest.mark.parametrize("state", [State.CODE_RECEIVED, State.EXPIRED, State.RENTING])
async def test_nothing_to_swap(shop: Shop, provider: ScriptedProvider, state: State) -> None:
    """Only a number that waits for its first code can be swapped."""
    old = await rows.in_state(shop.store, shop.clock, state)

    with pytest.raises(GoneAlready):
        await shop.rentals.swap(ANN, NO_LIMITS, old.id)

    assert [] == provider.asked


async def test_a_number_with_a_code_is_not_swapped(shop: Shop, provider: ScriptedProvider) -> None:
    """A number that waits for another code has been paid for."""
    old = await shop.endings.another_sms(ANN, (await shop.received(SMS)).id)
    asked_before = len(provider.asked)

    with pytest.raises(GoneAlready):
        await shop.rentals.swap(ANN, NO_LIMITS, old.id)

    assert asked_before == len(provider.asked)


async def test_a_swap_against_the_limits(shop: Shop, provider: ScriptedProvider) -> None:
    """A limit that forbids the new number is told; the new offer is over."""
    old = await shop.waiting()
    provider.next("activation", CANCELLED)

    with pytest.raises(TooDear):
        await shop.rentals.swap(ANN, Limits(max_price=Decimal("0.01")), old.id)

    assert [] == await shop.store.in_states(frozenset({State.INTENT, State.RENTING}))


async def test_a_swap_does_not_count_the_old_number(shop: Shop, provider: ScriptedProvider) -> None:
    """The number given back makes room for the new one."""
    old = await shop.waiting()
    provider.next("activation", CANCELLED)

    begun = await shop.rentals.swap(ANN, Limits(max_active=1, daily=PRICE), old.id)

    assert State.RENTING is begun.state


async def test_another_persons_number_is_not_swapped(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """It looks as if it did not exist."""
    old = await shop.waiting()

    with pytest.raises(NotFound):
        await shop.rentals.swap(BOB, NO_LIMITS, old.id)

    assert [] == provider.asked


async def test_a_swap_that_is_cut_off(
    shop: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """After a kill in the middle of a swap nothing is bought, and it may be tried again."""
    old = await shop.waiting()
    await shop.store.offer(swapped(old), clock.now())
    later = Shop(database, provider, clock)

    await later.rentals.recover()

    assert [] == await later.store.in_states(frozenset({State.INTENT}))
    provider.next("activation", CANCELLED)
    assert State.RENTING is (await later.rentals.swap(ANN, NO_LIMITS, old.id)).state


async def test_a_swap_that_is_cancelled(shop: Shop, provider: ScriptedProvider) -> None:
    """A swap that is stopped while the provider is asked withdraws its offer."""
    old = await shop.waiting()
    provider.gate.clear()
    swapping = asyncio.create_task(asyncio.wait_for(shop.rentals.swap(ANN, NO_LIMITS, old.id), 5))
    await provider.is_asked(1)

    swapping.cancel()
    await asyncio.wait([swapping])

    assert [] == await shop.store.in_states(frozenset({State.INTENT}))
