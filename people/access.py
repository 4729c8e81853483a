"""Who may use the bot: owners always, others as the access mode and the owners say."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from people.model import NO_LIMITS, Limits, Person, Standing


class PeopleStore(Protocol):
    async def meet(self, user_id: int, name: str) -> Person:
        """Remember the person under the name shown now; the standing stays as it was."""
        ...

    async def ask_owners(self, user_id: int, owner_ids: frozenset[int]) -> bool:
        """NEW → ASKED, with a note to each owner in the same commit; False when asked before."""
        ...

    async def decide(self, user_id: int, standing: Standing) -> Person | None:
        """Set the standing, with a note to the person when let in; None for a stranger."""
        ...

    async def with_standing(self, standing: Standing) -> list[Person]:
        """Everybody of that standing, newest first."""
        ...


class Verdict(Enum):
    """Whether a person may go on."""

    WELCOME = "welcome"
    ASKED_JUST_NOW = "asked just now"  # the owners have got a card
    STILL_OUTSIDE = "still outside"  # asked before, or turned away, or nobody to ask


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
        return NO_LIMITS if self.is_owner(user_id) else self.limits

    async def knock(self, user_id: int, name: str) -> Verdict:
        """Decide about somebody who just wrote or pressed a button.

        Shape: the first knock of a stranger asks the owners, later ones do not.
        """
        person = await self.store.meet(user_id, name)
        if self.is_owner(user_id) or person.standing is Standing.LET_IN:
            return Verdict.WELCOME
        if person.standing is Standing.TURNED_AWAY:
            return Verdict.STILL_OUTSIDE
        if self.is_public:
            return Verdict.WELCOME
        if self.owner_ids and await self.store.ask_owners(user_id, self.owner_ids):
            return Verdict.ASKED_JUST_NOW
        return Verdict.STILL_OUTSIDE

    async def let_in(self, owner_id: int, user_id: int) -> Person | None:
        """Let a person in; None when `owner_id` is no owner or the person is unknown."""
        return await self._decide(owner_id, user_id, Standing.LET_IN)

    async def turn_away(self, owner_id: int, user_id: int) -> Person | None:
        """Refuse a person, also one who was let in; None as for `let_in`."""
        return await self._decide(owner_id, user_id, Standing.TURNED_AWAY)

    async def _decide(self, owner_id: int, user_id: int, standing: Standing) -> Person | None:
        if not self.is_owner(owner_id):
            return None
        return await self.store.decide(user_id, standing)
