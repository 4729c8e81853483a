"""The provider in virtual time: who has an SMS since when, and how many requests it counted."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from bloomsms.budget import Budget, Lane
from bloomsms.models import ActivationStatus, ProviderStatus, Sms
from tests.activations.scripted_provider import ScriptedProvider
from tests.benches.arrivals import Fate

LIMIT = 60
WINDOW_S = 60.0
THERE_S = 0.01  # until a request arrives, and until its answer is back
BACK_S = 0.01


def now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True)
class Held:
    """A number at the provider. Units: seconds of the loop's time."""

    born_s: float
    fate: Fate

    @property
    def sms_s(self) -> float | None:
        return None if self.fate.sms_s is None else self.born_s + self.fate.sms_s

    @property
    def ends_s(self) -> float:
        return self.born_s + self.fate.ends_s


@dataclass
class Server:
    """A true sliding window of 60; what comes over it is refused and counted."""

    numbers: dict[str, Held] = field(default_factory=dict)
    requests: int = 0
    over: int = 0
    _arrivals_s: deque[float] = field(default_factory=deque)

    def arrives(self, at_s: float) -> bool:
        """Whether this request is within the limit; only then it counts."""
        while self._arrivals_s and self._arrivals_s[0] <= at_s - WINDOW_S:
            self._arrivals_s.popleft()
        if len(self._arrivals_s) >= LIMIT:
            self.over += 1
            return False
        self._arrivals_s.append(at_s)
        self.requests += 1
        return True

    def has_sms(self, provider_id: str, at_s: float) -> bool:
        sms_s = self.numbers[provider_id].sms_s
        return sms_s is not None and sms_s <= at_s

    def status(self, provider_id: str, at_s: float) -> ActivationStatus:
        if self.has_sms(provider_id, at_s):
            sms = Sms(provider_id, f"Your code is {provider_id}")
            return ActivationStatus(ProviderStatus.CODE_RECEIVED, "code_received", sms)
        if at_s >= self.numbers[provider_id].ends_s:
            return ActivationStatus(ProviderStatus.EXPIRED, "expired", None)
        return ActivationStatus(ProviderStatus.WAITING, "waiting", None)


class Line(ScriptedProvider):
    """The provider at the other end of a budget; meets the business's Provider."""

    def __init__(self, server: Server, budget: Budget) -> None:
        super().__init__()
        self._server = server
        self._budget = budget

    async def activation(self, activation_id: str) -> ActivationStatus:
        async with self._budget.slot(Lane.POLLS, 0.0):
            await asyncio.sleep(THERE_S)
            self._server.arrives(now_s())
            answer = self._server.status(activation_id, now_s())
            await asyncio.sleep(BACK_S)
        return answer
