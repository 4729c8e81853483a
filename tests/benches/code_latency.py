"""How long a code lies before it rings, in virtual time, against what no schedule can beat.

Ours is the shipped poller with its budget, rows and outbox; the others are in rivals.py.
"""

import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from bloomsms.budget import RESERVED_FOR_PEOPLE
from tests.benches.arrivals import BASE, QUICK, SLOW, Arrivals, Fate
from tests.benches.rivals import Policy, RivalTown, backoff, round_robin, timers
from tests.benches.table import Table
from tests.benches.virtual_house import BURST, BURSTS_EACH_S, Town, mean, quantile
from tests.benches.virtual_server import LIMIT, WINDOW_S
from tests.jumping_loop import jump_through

LOOKS_EACH_S = (LIMIT - RESERVED_FOR_PEOPLE) / WINDOW_S - BURST * BURSTS_EACH_S
# Until the numbers that were there at the start are gone, and the time scale is learned.
WARM_UP_S = 600.0
MEASURED_S = {1: 8000.0, 5: 20000.0, 20: 14000.0, 50: 4000.0, 100: 2500.0, 200: 1200.0}
# With more numbers the looks hardly suffice to see that the dead are gone; the bound knows no such.
MOST_BOUNDED = 100
DEAD, FRESH, MEETINGS = 50, 3, 20
LONGEST_MEETING_S = 600.0
RIVALS: dict[str, Policy] = {
    "timers of 5 s": timers,
    "round robin": round_robin,
    "age backoff": backoff,
}


@dataclass(frozen=True)
class Outcome:
    """What was seen. Units: seconds."""

    latencies_s: Sequence[float]
    people_s: Sequence[float] = ()
    over: int = 0


def ours(
    arrivals: Arrivals, count: int, seconds: float, seed: int = 1, warm_up_s: float = WARM_UP_S
) -> Outcome:
    """So many numbers wait all the time."""

    async def story() -> Outcome:
        town = Town(arrivals, random.Random(seed))
        town.settle(count)
        await town.live(warm_up_s, count)
        early = set(town.ears.latencies_s)
        await town.live(seconds, count)
        later = [known for name, known in town.ears.latencies_s.items() if name not in early]
        return Outcome(later, town.waits_s, town.server.over)

    return jump_through(story)


def theirs(policy: Policy, arrivals: Arrivals, count: int, seconds: float) -> Outcome:
    town = RivalTown(arrivals, random.Random(1), policy)
    town.settle(count)
    town.live(WARM_UP_S, count)
    early = len(town.latencies_s)
    town.live(seconds, count)
    return Outcome(town.latencies_s[early:], (), town.server.over)


def ours_among_dead(meetings: int = MEETINGS) -> Outcome:
    """Three fresh numbers meet fifty that nobody will hear from, again and again."""

    async def story(seed: int) -> Outcome:
        town = Town(BASE, random.Random(seed))
        for fate, age_s in _meeting(town.rng):
            town.rent(fate, age_s, min(age_s, town.rng.random() * 60))
        for _ in range(int(LONGEST_MEETING_S / 10)):
            await town.live(10.0)
            if len(town.ears.latencies_s) == FRESH:
                break
        return Outcome(list(town.ears.latencies_s.values()), town.waits_s, town.server.over)

    return _together([jump_through(partial(story, seed)) for seed in range(meetings)])


def theirs_among_dead(policy: Policy) -> Outcome:
    def meeting(seed: int) -> Outcome:
        town = RivalTown(BASE, random.Random(seed), policy)
        for fate, age_s in _meeting(town.rng):
            town.rent(fate, age_s)
        town.live(LONGEST_MEETING_S)
        return Outcome(town.latencies_s, (), town.server.over)

    return _together([meeting(seed) for seed in range(MEETINGS)])


def _meeting(rng: random.Random) -> list[tuple[Fate, float]]:
    """Fates and ages: the dead are five to fifteen minutes old and never end."""
    dead = [(Fate(None, 1e9), rng.uniform(300, 900)) for _ in range(DEAD)]
    fresh: list[tuple[Fate, float]] = []
    while len(fresh) < FRESH:
        fate = BASE.draw(rng)
        if fate.sms_s is not None:
            fresh.append((fate, 0.0))
    return dead + fresh


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        [each for outcome in outcomes for each in outcome.latencies_s],
        [each for outcome in outcomes for each in outcome.people_s],
        sum(outcome.over for outcome in outcomes),
    )


@dataclass(frozen=True)
class Case:
    """One row to be measured."""

    name: str
    count: int
    measure: Callable[..., Outcome]
    arguments: tuple[object, ...]
    arrivals: Arrivals | None = None  # with a bound to compare with
    is_ours: bool = True

    def run(self) -> Outcome:
        return self.measure(*self.arguments)

    def row(self, outcome: Outcome) -> tuple[str, ...]:
        known = outcome.latencies_s
        if not known:
            return (self.name, str(self.count), *["-"] * 5, "0", str(outcome.over))
        bound_s = self.arrivals.bound_s(self.count, LOOKS_EACH_S) if self.arrivals else None
        return (
            self.name,
            str(self.count),
            f"{mean(known):.2f}",
            f"{mean(known) / bound_s:.2f}" if bound_s else "",
            *(f"{quantile(known, share):.1f}" for share in (0.5, 0.95, 0.99)),
            str(len(known)),
            str(outcome.over),
        )


def _cases() -> list[Case]:
    cases = []
    for count, seconds in MEASURED_S.items():
        arguments = (BASE, count, seconds)
        bounded = BASE if count <= MOST_BOUNDED else None
        cases.append(Case("ours", count, ours, arguments, bounded))
        for name, policy in RIVALS.items():
            cases.append(Case(name, count, theirs, (policy, *arguments), bounded, is_ours=False))
    for arrivals in (QUICK, SLOW):
        for count in (5, 20, 50, 100):
            arguments = (arrivals, count, MEASURED_S[count])
            cases.append(Case(f"ours, {arrivals.name}", count, ours, arguments, arrivals))
    name = f"{FRESH} fresh among {DEAD} dead"
    cases.append(Case(f"ours, {name}", DEAD + FRESH, ours_among_dead, ()))
    for rival, policy in RIVALS.items():
        case = Case(f"{rival}, {name}", DEAD + FRESH, theirs_among_dead, (policy,), is_ours=False)
        cases.append(case)
    return cases


def measure() -> Table:
    cases = _cases()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(Case.run, cases))
        rows = list(pool.map(Case.row, cases, outcomes))
    people_s = _together([o for case, o in zip(cases, outcomes, strict=True) if case.is_ours])
    return Table(
        "Code latency in virtual time",
        ("schedule", "numbers", "mean, s", "x bound", "p50", "p95", "p99", "codes", "over"),
        tuple(rows),
        _note(people_s.people_s),
    )


def _note(people_s: Sequence[float]) -> str:
    late = mean(wait_s > 0.5 for wait_s in people_s)
    return "\n".join(
        (
            (
                "From the SMS being there to the message handed to Telegram, with so many numbers"
                " waiting all the time, six requests of people a minute in bursts of three at"
                " random times, and 60 requests in any 60 s; `over` counts requests beyond them."
            ),
            f"The bound is for the {LOOKS_EACH_S:.2f} looks a second that people and the reserve"
            " leave; rho is "
            + ", ".join(f"{each.rho:.3f} ({each.name})" for each in (BASE, QUICK, SLOW))
            + ".",
            (
                f"People waited {quantile(people_s, 0.5):.2f} s for their turn at p50,"
                f" {quantile(people_s, 0.95):.2f} s at p95 and {quantile(people_s, 0.99):.2f} s at"
                f" p99; {late:.1%} waited longer than half a second."
            ),
        )
    )
