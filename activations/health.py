"""How the provider is doing, told to owners once a change; probes until it is well again."""

import logging
from datetime import timedelta
from enum import StrEnum

from activations.currency import CurrencyWatch
from activations.errors import NotInDollars, ProviderAway, ProviderSaysNo, Refusal
from activations.notes import Draft, NoteKind
from activations.ports import Clock, Outbox, Provider
from bloomsms.errors import BloomsmsError, ErrorCode, NotNoted, RateLimited, Refused
from bloomsms.models import Balance

# Silence shorter than this is a hiccup, not an outage.
SILENCE_TOLERATED = timedelta(seconds=15)
PROBE_EVERY = timedelta(seconds=15)
# Whoever wants to know is not put off with an answer that is older.
ANSWER_STAYS_FRESH = timedelta(seconds=30)

log = logging.getLogger(__name__)


class Condition(StrEnum):
    """What keeps everybody from renting, if anything does."""

    WELL = "well"
    KEY_REFUSED = "key_refused"  # the API key is wrong
    SUSPENDED = "suspended"  # the account is disabled
    MAINTENANCE = "maintenance"  # closed for a while
    UNREACHABLE = "unreachable"  # no answer, or none that can be read
    CURRENCY = "other_currency"  # it names another currency than US dollars


REFUSED_AS = {
    ErrorCode.INVALID_API_KEY: Condition.KEY_REFUSED,
    ErrorCode.ACCOUNT_SUSPENDED: Condition.SUSPENDED,
    ErrorCode.MAINTENANCE: Condition.MAINTENANCE,
}
# While one of these lasts, no order leaves: it would only be refused.
CLOSED = {
    ErrorCode.INVALID_API_KEY: Condition.KEY_REFUSED,
    ErrorCode.ACCOUNT_SUSPENDED: Condition.SUSPENDED,
}


class ProviderHealth:
    """Learns from every request's outcome; `run_pass` tells and probes.

    Units: moments are those of the monotonic clock.
    """

    def __init__(self, outbox: Outbox, clock: Clock, owner_ids: frozenset[int]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._owner_ids = owner_ids
        self._told = Condition.WELL
        self._failing_since: timedelta | None = None
        self._next_probe = clock.monotonic()
        self._is_asked_after = False
        self.answered_at: timedelta | None = None  # when the last readable answer came
        self.condition = Condition.WELL
        self.currency = CurrencyWatch(clock)

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing can be rented while the provider is away or refuses the account."""
        if self.condition is Condition.UNREACHABLE:
            return ProviderAway()
        if self.currency.other:
            return NotInDollars(self.currency.other)
        code = next((c for c, condition in CLOSED.items() if condition is self.condition), None)
        return ProviderSaysNo(code, "") if code else None

    def observe(self, err: BloomsmsError | None) -> None:
        """Take note of how a request ended; None means that it was answered."""
        if isinstance(err, RateLimited | NotNoted):
            return
        if err is None or isinstance(err, Refused):
            self._failing_since = None
            self.answered_at = self._clock.monotonic()
            code = err.code if isinstance(err, Refused) else None
            self.condition = REFUSED_AS.get(code, self._answering) if code else self._answering
            return
        now = self._clock.monotonic()
        self._failing_since = self._failing_since or now
        if now - self._failing_since >= SILENCE_TOLERATED:
            self.condition = Condition.UNREACHABLE

    @property
    def _answering(self) -> Condition:
        """What is true of a provider that answers."""
        return Condition.CURRENCY if self.currency.other else Condition.WELL

    def note_currency(self, place: str, currency: str) -> None:
        """Take note of the currency that an answer named, after its outcome."""
        self.currency.note(place, currency)
        if self.condition in (Condition.WELL, Condition.CURRENCY):
            self.condition = self._answering

    def ask_after(self) -> None:
        """Somebody wants to know: probe at the next pass if there was no answer for a while."""
        self._is_asked_after = True

    async def check_in(self, provider: Provider) -> Balance | None:
        """Ask once at the start; whatever fails then counts at once."""
        try:
            balance = await provider.balance()
        except BloomsmsError as err:
            log.warning("BloomSMS does not answer as it should: %s", err)
            if not isinstance(err, Refused | RateLimited | NotNoted):
                self.condition = Condition.UNREACHABLE
            return None
        log.info("BloomSMS balance: %s %s", balance.amount, balance.currency)
        return balance

    async def run_pass(self, provider: Provider) -> None:
        """Tell the owners what changed, and probe while something is wrong."""
        now = self._clock.monotonic()
        is_failing = self.condition is not Condition.WELL or self._failing_since is not None
        if (is_failing or self._is_wanted(now)) and now >= self._next_probe:
            self._is_asked_after = False
            self._next_probe = now + PROBE_EVERY
            await self._probe(provider)
        if self.condition is not self._told:
            self._told = self.condition
            log.warning("BloomSMS is %s", self.condition)
            words = {"condition": self.condition.value, "currency": self.currency.other}
            await self._outbox.add(
                [Draft(NoteKind.OWNER_PROVIDER, owner, None, words) for owner in self._owner_ids],
                self._clock.now(),
            )

    def _is_wanted(self, now: timedelta) -> bool:
        is_fresh = self.answered_at and now - self.answered_at < ANSWER_STAYS_FRESH
        return self._is_asked_after and not is_fresh

    async def _probe(self, provider: Provider) -> None:
        try:
            await provider.balance()
        except BloomsmsError as err:
            log.info("BloomSMS is still not well: %s", err)
