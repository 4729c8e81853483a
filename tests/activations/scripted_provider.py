"""The provider as a test says it: each question is written down and answered from the script."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bloomsms.models import (
    ActivationStatus,
    Balance,
    Changed,
    Country,
    Rental,
    Service,
    StatusChange,
)
from tests.made_up import PRICE, RENTAL, seen

BALANCE = Balance(Decimal("125.50"), "USD")
COUNTRIES = [Country("0", "Russia"), Country("187", "United States")]
SERVICES = [Service("wa", "WhatsApp", PRICE, 980), Service("tg", "Telegram", Decimal("0.45"), 1200)]

Answer = object | BaseException | Callable[..., object]


class ScriptedProvider:
    """Meets the business's Provider.

    An answer is a value, an exception to raise, or a function of the question's arguments. What
    `next` was told goes first, in order; then what `always` was told. While the gate is shut
    questions arrive and nobody is answered.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._next: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {
            "balance": BALANCE,
            "countries": COUNTRIES,
            "services": SERVICES,
            "rent": self._next_rental,
            "re_rent": self._next_rental,
            "activation": seen(),
            "change": None,
        }
        self._more = asyncio.Event()
        self._rented = 0

    def next(self, question: str, *answers: Answer) -> None:
        self._next[question].extend(answers)

    def always(self, question: str, answer: Answer) -> None:
        self._always[question] = answer

    def count(self, question: str) -> int:
        return sum(asked.split()[0] == question for asked in self.asked)

    async def is_asked(self, times: int) -> None:
        """Wait until so many questions have arrived in all."""
        async with asyncio.timeout(5.0):
            while len(self.asked) < times:
                await self._more.wait()

    async def balance(self) -> Balance:
        answer: Balance = await self._answer("balance")
        return answer

    async def countries(self) -> list[Country]:
        answer: list[Country] = await self._answer("countries")
        return answer

    async def services(self, country_id: str) -> list[Service]:
        answer: list[Service] = await self._answer("services", country_id)
        return answer

    async def rent(self, service_code: str, country_id: str, max_price: Decimal) -> Rental:
        answer: Rental = await self._answer("rent", service_code, country_id, max_price)
        return answer

    async def re_rent(self, activation_id: str) -> Rental:
        answer: Rental = await self._answer("re_rent", activation_id)
        return answer

    async def activation(self, activation_id: str) -> ActivationStatus:
        answer: ActivationStatus = await self._answer("activation", activation_id)
        return answer

    async def change(self, activation_id: str, new_status: StatusChange) -> Changed:
        answer: Changed | None = await self._answer("change", activation_id, new_status.value)
        return answer or Changed()

    def _next_rental(self, *_arguments: object) -> Rental:
        """Each with an id of its own, the first with RENTAL's."""
        rental = replace(RENTAL, activation_id=str(int(RENTAL.activation_id) + self._rented))
        self._rented += 1
        return rental

    async def _answer(self, question: str, *arguments: object) -> Any:  # what the script holds
        self.asked.append(" ".join([question, *map(str, arguments)]))
        self._more.set()
        self._more = asyncio.Event()
        await self.gate.wait()
        script = self._next[question]
        answer = script.popleft() if script else self._always[question]
        if isinstance(answer, BaseException):
            raise answer
        return answer(*arguments) if callable(answer) else answer
