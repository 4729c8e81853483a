"""Who may use the bot: owners always, others as the access mode and the owners say."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from people.access import Access, Verdict
from people.model import NO_LIMITS, Limits, Person, Standing

OWNER = 1000
ANN = 2001
LIMITS = Limits(max_active=5, max_price=Decimal(1), daily=Decimal(10))


@dataclass
class Register:
    """Meets the PeopleStore in memory; `asked` holds who was asked about whom."""

    standings: dict[int, Standing] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    asked: list[tuple[int, frozenset[int]]] = field(default_factory=list)

    async def meet(self, user_id: int, name: str) -> Person:
        self.names[user_id] = name
        return Person(user_id, name, self.standings.setdefault(user_id, Standing.NEW))

    async def ask_owners(self, user_id: int, owner_ids: frozenset[int]) -> bool:
        if self.standings[user_id] is not Standing.NEW:
            return False
        self.standings[user_id] = Standing.ASKED
        self.asked.append((user_id, owner_ids))
        return True

    async def decide(self, user_id: int, standing: Standing) -> Person | None:
        if user_id not in self.standings:
            return None
        self.standings[user_id] = standing
        return Person(user_id, self.names.get(user_id, ""), standing)

    async def with_standing(self, standing: Standing) -> list[Person]:
        return [Person(id_, "", one) for id_, one in self.standings.items() if one is standing]


def access(register: Register, *, is_public: bool = False, has_owner: bool = True) -> Access:
    return Access(register, frozenset({OWNER} if has_owner else ()), is_public, LIMITS)


@pytest.mark.parametrize(
    ("standing", "in_private", "in_public"),
    [
        (Standing.NEW, Verdict.ASKED_JUST_NOW, Verdict.WELCOME),
        (Standing.ASKED, Verdict.STILL_OUTSIDE, Verdict.WELCOME),
        (Standing.LET_IN, Verdict.WELCOME, Verdict.WELCOME),
        (Standing.TURNED_AWAY, Verdict.STILL_OUTSIDE, Verdict.STILL_OUTSIDE),
    ],
)
async def test_knocking(standing: Standing, in_private: Verdict, in_public: Verdict) -> None:
    """A private bot admits those let in, a public one all but those turned away."""
    private, public = Register({ANN: standing}), Register({ANN: standing})

    assert in_private is await access(private).knock(ANN, "Ann")
    assert in_public is await access(public, is_public=True).knock(ANN, "Ann")


async def test_owners_are_asked_once() -> None:
    """The first knock asks the owners; later ones, and those of a public bot, do not."""
    private, public = Register(), Register()
    for _ in range(3):
        await access(private).knock(ANN, "Ann")
        await access(public, is_public=True).knock(ANN, "Ann")

    assert [(ANN, frozenset({OWNER}))] == private.asked
    assert [] == public.asked


async def test_nobody_to_ask() -> None:
    """Without owners nobody is let in, and nobody is said to have been asked."""
    register = Register()

    assert Verdict.STILL_OUTSIDE is await access(register, has_owner=False).knock(ANN, "Ann")
    assert [] == register.asked


@pytest.mark.parametrize("standing", Standing)
async def test_an_owner_is_always_welcome(standing: Standing) -> None:
    """Whatever the book says about an owner."""
    assert Verdict.WELCOME is await access(Register({OWNER: standing})).knock(OWNER, "Olga")


async def test_the_name_of_now_is_kept() -> None:
    """Whoever knocks is known under the name shown now."""
    register = Register({ANN: Standing.LET_IN}, {ANN: "Old"})

    await access(register).knock(ANN, "New")

    assert "New" == register.names[ANN]


async def test_owners_decide() -> None:
    """An owner lets in and turns away, also one who was let in before."""
    register = Register({ANN: Standing.ASKED})
    door = access(register)

    let_in = await door.let_in(OWNER, ANN)
    turned_away = await door.turn_away(OWNER, ANN)

    assert [Standing.LET_IN, Standing.TURNED_AWAY] == [
        person.standing for person in (let_in, turned_away) if person
    ]
    assert Verdict.STILL_OUTSIDE is await door.knock(ANN, "Ann")


@pytest.mark.parametrize("who", [ANN, 0, -OWNER])
async def test_nobody_else_decides(who: int) -> None:
    """A forged press of somebody who is no owner changes nothing."""
    register = Register({ANN: Standing.ASKED})
    door = access(register)

    assert (None, None) == (await door.let_in(who, ANN), await door.turn_away(who, ANN))
    assert Standing.ASKED is register.standings[ANN]


async def test_deciding_about_a_stranger() -> None:
    """About somebody who never knocked nothing is decided."""
    door = access(Register())

    assert (None, None) == (await door.let_in(OWNER, 77), await door.turn_away(OWNER, 77))


def test_limits() -> None:
    """Limits hold for everybody but owners."""
    door = access(Register())

    assert (LIMITS, NO_LIMITS) == (door.limits_of(ANN), door.limits_of(OWNER))
    assert Limits(None, None, None) == NO_LIMITS
    assert (True, False) == (door.is_owner(OWNER), door.is_owner(ANN))
