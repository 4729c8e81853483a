"""Whatever happens to the machine's clocks, no minute sees more requests than the limit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bloomsms.budget import Budget, Lane
from storage.requests import RequestRows
from tests.benches.instant_database import InstantDatabase
from tests.bloomsms.test_budget_any_traffic import WISHES, Server, Wish, live, now_s
from tests.jumping_loop import jump_through

LONGEST_STORY_S = 4000.0


@dataclass(frozen=True)
class Life:
    """One process, killed in the midst of its work.

    Units: `down_s` seconds lie before it. `up_s` is None in the same boot as before, 0 after a
    reboot, and more on another machine that has been up for so long.
    """

    wishes: Sequence[Wish]
    down_s: float
    up_s: float | None


NOW = Wish(0.0, Lane.PEOPLE, 0.0, 0.0, 0.0, None)
BUSY = Life([NOW] * 8, 0.0, None)
LIVES = st.builds(
    Life,
    wishes=st.lists(st.just(NOW) | WISHES, max_size=12),
    down_s=st.sampled_from([0.0, 0.5, 30.0, 61.0]),
    up_s=st.sampled_from([None, 0.0, 70.0, 1e6]),
)


def up_s(booted_s: float) -> Callable[[], float]:
    """The monotonic clock of a machine that was booted then."""
    return lambda: now_s() - booted_s


@settings(max_examples=150, deadline=None)
@given(
    limit=st.integers(1, 6), lives=st.lists(LIVES, min_size=2, max_size=4), is_told=st.booleans()
)
@example(limit=3, lives=[BUSY, BUSY], is_told=True)
@example(limit=3, lives=[BUSY, replace(BUSY, up_s=0.0)], is_told=True)
@example(limit=3, lives=[BUSY, replace(BUSY, up_s=1e6)], is_told=True)
@example(limit=3, lives=[BUSY, BUSY, replace(BUSY, up_s=0.0)], is_told=False)
def test_no_restart_and_no_boot_opens_the_window(
    limit: int, lives: list[Life], *, is_told: bool
) -> None:
    """Kills, reboots and moves to another machine keep to the limit; it is whole again later.

    Where boots are not told apart, reboots keep to it.
    """

    async def story() -> tuple[Server, float]:
        server, database = Server(), InstantDatabase()
        boots, booted_s = 1, 0.0
        budget = None
        for life in lives:
            await asyncio.sleep(life.down_s)
            if life.up_s is not None:
                boots, booted_s = boots + 1, now_s() - (life.up_s if is_told else 0.0)
            boot = f"boot {boots}" if is_told else ""
            budget = Budget(limit, RequestRows(database, up_s(booted_s), boot), now_s)
            await budget.restore()
            dying = await live(life.wishes, budget, server)
            database = database.copied()
            for task in dying:
                task.cancel()
            await asyncio.gather(*dying, return_exceptions=True)
        assert budget
        await asyncio.sleep(LONGEST_STORY_S)
        began_s = now_s()
        for _ in range(limit):
            async with budget.slot(Lane.PEOPLE, 0.0):
                server.arrivals_s.append(now_s())
        return server, now_s() - began_s

    server, refill_s = jump_through(story)

    assert server.busiest_minute() <= limit
    assert 0.0 == refill_s
