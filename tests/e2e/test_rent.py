"""From /start to the code, as a person sees it."""

from sandbox.person import Person
from tests.e2e.conftest import World


async def test_whole_story(world: World, ann: Person) -> None:
    """A person rents a number and gets its code as a new message."""
    await ann.says("/start")
    await ann.waits_for("$125.50")
    await ann.clicks("Rent a number")
    await ann.clicks("🇺🇸 United States")
    await ann.clicks("WhatsApp · $0.55")
    await ann.waits_for("never more than that")
    await ann.clicks("Rent for $0.55")
    await ann.waits_for("Waiting for the SMS")
    (number,) = world.bloomsms.activations.values()
    world.bloomsms.send_sms(number.activation_id, "Your WhatsApp code is 852508")
    news = await ann.waits_for("852508", new=True)
    assert "<code>852508</code>" in news.html
    assert 1 == world.bloomsms.count("rent")
    assert [] == world.telegram.refused()
