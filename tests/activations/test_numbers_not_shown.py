"""A number whose digits the order's answer did not show: kept, asked about at once, shown later."""

from dataclasses import replace

import pytest

from activations.model import FOUND, Activation, State
from bloomsms.errors import BloomsmsError, NotSent, RateLimited, Unreadable
from bloomsms.models import ActivationStatus, ProviderStatus
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import AGAIN, ANN, OFFER, RENTAL, SMS, seen

UNSHOWN = replace(RENTAL, phone_number="")
SHOWN = replace(seen(), phone_number="+19005550123")
PHONE = "+19005550123"


def phone_of(activation: Activation) -> str:
    assert activation.number
    return activation.number.phone_number


async def unshown(shop: Shop, provider: ScriptedProvider) -> Activation:
    provider.next("rent", UNSHOWN)
    return await shop.rented()


async def test_it_is_asked_about_at_once(shop: Shop, provider: ScriptedProvider) -> None:
    """One look right after the order brings what its answer left out."""
    provider.next("activation", SHOWN)
    rented = await unshown(shop, provider)

    assert (State.WAITING, PHONE) == (rented.state, phone_of(rented))
    assert ["rent wa 187 0.55", "activation 38496653"] == provider.asked[-2:]
    assert [f"card {ANN}"] * 2 == await shop.words()


async def test_a_re_rental_is_asked_about_at_once(shop: Shop, provider: ScriptedProvider) -> None:
    """The same holds for a number that is rented again."""
    source = await shop.received(SMS)
    provider.next("re_rent", replace(UNSHOWN, activation_id="38496700"))
    provider.next("activation", SHOWN)
    rented = await shop.rented(replace(AGAIN, source_id=source.id))

    assert PHONE == phone_of(rented)


async def test_a_number_that_is_shown_costs_no_look(shop: Shop, provider: ScriptedProvider) -> None:
    """Where the order's answer shows the number nothing is asked."""
    await shop.rented()

    assert 0 == provider.count("activation")


@pytest.mark.parametrize(
    "err",
    [Unreadable("no answer"), NotSent("down"), RateLimited(5.0)],
    ids=lambda e: type(e).__name__,
)
async def test_a_look_that_fails(
    shop: Shop, provider: ScriptedProvider, err: BloomsmsError
) -> None:
    """The number waits all the same, and the next look shows it."""
    provider.next("activation", err)
    rented = await unshown(shop, provider)
    provider.next("activation", SHOWN)
    after = await shop.inspector.look(rented, provider)

    assert (State.WAITING, "") == (rented.state, phone_of(rented))
    assert (State.WAITING, PHONE) == (after.state, phone_of(after))


async def test_the_code_comes_without_the_number(shop: Shop, provider: ScriptedProvider) -> None:
    """A code is told whether or not the number was ever shown; a later look shows the number."""
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))
    rented = await unshown(shop, provider)
    provider.next("activation", replace(SHOWN, status=ProviderStatus.COMPLETED, sms=SMS))
    after = await shop.inspector.look(rented, provider)

    assert (State.CODE_RECEIVED, (SMS,), "") == (rented.state, rented.sms, phone_of(rented))
    assert PHONE == phone_of(after)


async def test_it_is_told_once(shop: Shop, provider: ScriptedProvider) -> None:
    """Looks that show the same number again have no news for the card."""
    provider.always("activation", SHOWN)
    rented = await unshown(shop, provider)
    await shop.words()
    await shop.inspector.look(rented, provider)  # asked as the row stood before

    assert [] == await shop.words()


@pytest.mark.parametrize("other", ["9001234567", None])
async def test_a_known_number_stays(
    shop: Shop, provider: ScriptedProvider, other: str | None
) -> None:
    """What is known is not replaced by what a look shows of the same number."""
    waiting = await shop.waiting()
    provider.next("activation", replace(seen(), phone_number=other))
    after = await shop.inspector.look(waiting, provider)

    assert "+19001234567" == phone_of(after)


async def test_a_step_from_an_older_row(shop: Shop, provider: ScriptedProvider) -> None:
    """What was learned meanwhile outlives a step that began before."""
    rented = await unshown(shop, provider)
    await shop.store.learn_phone(rented, PHONE, shop.clock.now(), is_other=False)
    after = await shop.became(rented, State.COMPLETED)

    assert PHONE == phone_of(after)


async def test_nothing_to_learn_without_a_number(shop: Shop) -> None:
    """An order that has no number yet gets no phone number."""
    begun = await shop.begun()
    await shop.store.learn_phone(begun, PHONE, shop.clock.now(), is_other=False)

    assert (await shop.now(begun)).number is None
    assert [] == await shop.words()


@pytest.mark.parametrize("found", [seen(), SHOWN], ids=["not shown", "shown"])
async def test_the_number_of_a_lost_order(
    shop: Shop, provider: ScriptedProvider, found: ActivationStatus
) -> None:
    """A lost order gets its number by the id alone."""
    lost = await shop.orders.lose(await shop.begun(OFFER), "hung up")
    provider.next("activation", found)
    await shop.adoption.adopt("777", "wa", provider)
    after = await shop.now(lost)

    assert (State.WAITING, FOUND) == (after.state, after.reason)
    assert after.number
    assert ("777", found.phone_number or "") == (after.number.provider_id, phone_of(after))
