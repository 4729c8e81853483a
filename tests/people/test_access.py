"""Who may use the bot: owners always, others as the access mode and the owners say."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from people.access import Access, Right, Verdict
from people.model import NO_LIMITS, Limits, Person, Standing

OWNER = 1000
ANN = 2001
LIMITS = Limits(max_active=5, max_price=Decimal(1), daily=Decimal(10))
MAY_RENT = Verdict(frozenset({Right.RENT, Right.FOLLOW}))
MAY_FOLLOW = Verdict(frozenset({Right.FOLLOW}))
MAY_NOTHING = Verdict(frozenset())
ASKED_JUST_NOW = Verdict(frozenset(), is_asked=True)


@dataclass
class Register:
    """Meets the PeopleStore in memory.

    `asked` holds who was asked about whom, `holding` who has numbers.
    """

    standings: dict[int, Standing] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    asked: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    holding: set[int] = field(default_factory=set)

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

    async def holds_numbers(self, user_id: int) -> bool:
        return user_id in self.holding

    async def with_standing(self, standing: Standing) -> list[Person]:
        return [Person(id_, "", one) for id_, one in self.standings.items() if one is standing]


def access(register: Register, *, is_public: bool = False, has_owner: bool = True) -> Access:
    return Access(register, frozenset({OWNER} if has_owner else ()), is_public, LIMITS)


@pytest.mark.parametrize(
    ("standing", "in_private", "in_public"),
    [
        (Standing.NEW, ASKED_JUST_NOW, MAY_RENT),
        (Standing.ASKED, MAY_NOTHING, MAY_RENT),
        (Standing.LET_IN, MAY_RENT, MAY_RENT),
        (Standing.TURNED_AWAY, MAY_NOTHING, MAY_NOTHING),
    ],
)
async def test_knocking(standing: Standing, in_private: Verdict, in_public: Verdict) -> None:
    """A private bot admits those let in, a public one all but those turned away."""
    private, public = Register({ANN: standing}), Register({ANN: standing})

    assert in_private == await access(private).knock(ANN, "Ann")
    assert in_public == await access(public, is_public=True).knock(ANN, "Ann")


@pytest.mark.parametrize("standing", [Standing.NEW, Standing.ASKED, Standing.TURNED_AWAY])
async def test_numbers_may_be_followed_to_their_end(standing: Standing) -> None:
    """A person who may not rent still may see an open number of theirs through."""
    register = Register({ANN: standing}, holding={ANN})

    assert MAY_FOLLOW.rights == (await access(register).knock(ANN, "Ann")).rights


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("is_public", [False, True])
async def test_who_spends_is_checked_alike(*, standing: Standing, is_public: bool) -> None:
    """The standings that limits let rent are those that the verdict lets rent."""
    door = access(Register({ANN: standing}), is_public=is_public)

    may_rent = Right.RENT in (await door.knock(ANN, "Ann")).rights

    assert may_rent is (standing in door.limits_of(ANN).standings)
    assert standing in door.limits_of(OWNER).standings


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

    assert MAY_NOTHING == await access(register, has_owner=False).knock(ANN, "Ann")
    assert [] == register.asked


@pytest.mark.parametrize("standing", Standing)
async def test_an_owner_is_always_welcome(standing: Standing) -> None:
    """Whatever the book says about an owner."""
    verdict = await access(Register({OWNER: standing})).knock(OWNER, "Olga")

    assert Verdict(frozenset(Right)) == verdict


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
    assert MAY_NOTHING == await door.knock(ANN, "Ann")


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
    door = access(Register(), is_public=True)
    limits = replace(LIMITS, standings=frozenset(Standing) - {Standing.TURNED_AWAY})

    assert (limits, NO_LIMITS) == (door.limits_of(ANN), door.limits_of(OWNER))
    assert Limits(None, None, None) == NO_LIMITS
    assert (True, False) == (door.is_owner(OWNER), door.is_owner(ANN))
