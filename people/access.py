"""Who may use the bot: owners always, others as the access mode and the owners say."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from people.model import NO_LIMITS, Limits, Person, Standing

RENTS_IN_PRIVATE = frozenset({Standing.LET_IN})
RENTS_IN_PUBLIC = frozenset(Standing) - {Standing.TURNED_AWAY}


class PeopleStore(Protocol):
    async def meet(self, user_id: int, name: str) -> Person:
        """Remember the person under the name shown now; the standing stays as it was."""
        ...

    async def ask_owners(self, user_id: int, owner_ids: frozenset[int]) -> bool:
        """NEW → ASKED, with a note to each owner in the same commit; False when asked before."""
        ...

    async def decide(self, user_id: int, standing: Standing) -> Person | None:
        """Set the standing, with a note to the person of either decision; None for a stranger."""
        ...

    async def holds_numbers(self, user_id: int) -> bool:
        """Whether a number of theirs is open, or an order of theirs may have brought one."""
        ...

    async def with_standing(self, standing: Standing) -> list[Person]:
        """Everybody of that standing, newest first."""
        ...


class Right(Enum):
    """What a handler may ask for."""

    RENT = "rent"  # all that is not for owners alone
    FOLLOW = "follow"  # to see one's own open numbers through: their cards, codes and ends
    OWNER = "owner"  # the owners' page, and who is let in


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person may do now. `is_asked`: the owners have just been asked to let them in."""

    rights: frozenset[Right]
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """The rules, with the settings they rest on."""

    store: PeopleStore
    owner_ids: frozenset[int]
    is_public: bool
    limits: Limits

    def is_owner(self, user_id: int) -> bool:
        return user_id in self.owner_ids

    def limits_of(self, user_id: int) -> Limits:
        """With the standings that may rent, which are compared again where money is spent."""
        if self.is_owner(user_id):
            return NO_LIMITS
        return replace(self.limits, standings=self._renting)

    async def knock(self, user_id: int, name: str) -> Verdict:
        """Decide about a person who just wrote or pressed a button.

        Shape: the first knock of a stranger asks the owners, later ones do not. A person with a
        number or order under way may follow it, however the owners decided.
        """
        person = await self.store.meet(user_id, name)
        if self.is_owner(user_id):
            return Verdict(frozenset(Right))
        if person.standing in self._renting:
            return Verdict(frozenset({Right.RENT, Right.FOLLOW}))
        is_holding = await self.store.holds_numbers(user_id)
        rights = frozenset({Right.FOLLOW} if is_holding else ())
        return Verdict(rights, is_asked=await self._ask_owners(person))

    async def let_in(self, owner_id: int, user_id: int) -> Person | None:
        """Let a person in; None when `owner_id` is no owner or the person is unknown."""
        return await self._decide(owner_id, user_id, Standing.LET_IN)

    async def turn_away(self, owner_id: int, user_id: int) -> Person | None:
        """Refuse a person, also one who was let in; None as for `let_in`."""
        return await self._decide(owner_id, user_id, Standing.TURNED_AWAY)

    @property
    def _renting(self) -> frozenset[Standing]:
        return RENTS_IN_PUBLIC if self.is_public else RENTS_IN_PRIVATE

    async def _ask_owners(self, person: Person) -> bool:
        if person.standing is not Standing.NEW or not self.owner_ids:
            return False
        return await self.store.ask_owners(person.user_id, self.owner_ids)

    async def _decide(self, owner_id: int, user_id: int, standing: Standing) -> Person | None:
        if not self.is_owner(owner_id):
            return None
        return await self.store.decide(user_id, standing)
