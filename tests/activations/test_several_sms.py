"""An answer that lists several SMS: each is told once, in its order."""

from dataclasses import replace

import pytest

from activations.model import State
from activations.observation import another_round
from bloomsms.models import ActivationStatus, ProviderStatus, Sms
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANOTHER_SMS, SMS, seen

THIRD = Sms("", "And a third one")


def listed(*found: Sms, status: ProviderStatus = ProviderStatus.CODE_RECEIVED) -> ActivationStatus:
    return replace(seen(status, found[-1]), earlier_sms=found[:-1])


async def codes(shop: Shop) -> list[Sms]:
    return [note.sms for note in await shop.told() if note.sms]


async def test_each_is_told_in_order(shop: Shop, provider: ScriptedProvider) -> None:
    """Three SMS in the first answer are three messages."""
    before = await shop.waiting()
    provider.next("activation", listed(SMS, ANOTHER_SMS, THIRD))
    after = await shop.inspector.look(before, provider)

    assert (State.CODE_RECEIVED, (SMS, ANOTHER_SMS, THIRD)) == (after.state, after.sms)
    assert [SMS, ANOTHER_SMS, THIRD] == await codes(shop)


async def test_only_new_ones_are_told(shop: Shop, provider: ScriptedProvider) -> None:
    """Those told before are listed again with the next one, and told no second time."""
    before = await shop.received(SMS)
    again = another_round(before, shop.clock.now(), is_rearmed=True)
    await shop.store.record(before, again, (), shop.clock.now())
    provider.next("activation", listed(SMS, ANOTHER_SMS), listed(SMS, ANOTHER_SMS))
    after = await shop.inspector.look(await shop.now(before), provider)
    after = await shop.inspector.look(after, provider)

    assert (State.CODE_RECEIVED, (SMS, ANOTHER_SMS)) == (after.state, after.sms)
    assert [ANOTHER_SMS] == await codes(shop)


async def test_newest_first(shop: Shop, provider: ScriptedProvider) -> None:
    """Where the newest is listed first it is told as well."""
    before = await shop.received(SMS)
    provider.next("activation", listed(ANOTHER_SMS, SMS))
    after = await shop.inspector.look(before, provider)

    assert (SMS, ANOTHER_SMS) == after.sms
    assert [ANOTHER_SMS] == await codes(shop)


@pytest.mark.parametrize(
    "status", [ProviderStatus.COMPLETED, ProviderStatus.EXPIRED, ProviderStatus.UNKNOWN]
)
async def test_with_the_end(shop: Shop, provider: ScriptedProvider, status: ProviderStatus) -> None:
    """SMS that are first seen with an early end are all told at once; the end is still doubted."""
    before = await shop.waiting()
    provider.next("activation", listed(SMS, ANOTHER_SMS, status=status))
    after = await shop.inspector.look(before, provider)

    assert (State.CODE_RECEIVED, (SMS, ANOTHER_SMS)) == (after.state, after.sms)
    assert not after.is_refund_due
    assert [SMS, ANOTHER_SMS] == await codes(shop)


async def test_after_the_end(shop: Shop, provider: ScriptedProvider) -> None:
    """Late SMS are told, however many; the number stays ended."""
    ended = await shop.became(await shop.waiting(), State.CANCELLED)
    provider.next("activation", listed(SMS, ANOTHER_SMS, status=ProviderStatus.CANCELLED))
    after = await shop.inspector.look(ended, provider)

    assert State.CANCELLED is after.state
    assert [SMS, ANOTHER_SMS] == await codes(shop)
