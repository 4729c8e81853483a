"""The provider as a till with a slow counter: each order waits until the test says what becomes
of it, and the books show what was really done.
"""

import asyncio
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import Enum

from bloomsms.errors import ErrorCode, NotSent, OutcomeUnknown, RateLimited, Refused
from bloomsms.models import (
    ActivationStatus,
    Balance,
    Changed,
    Country,
    ProviderStatus,
    Rental,
    Service,
    Sms,
    StatusChange,
)
from tests.made_up import PRICE, RENTAL, seen
from tests.moved_clock import MovedClock

# The activation whose press is being served.
SERVED: ContextVar[int] = ContextVar("SERVED", default=0)


class Fate(Enum):
    """What becomes of a question at the counter."""

    ANSWERED = "done, and said so"
    ANSWER_LOST = "done, and nobody heard"
    LOST = "not done, and nobody heard"
    REFUSED = "read and refused"
    NEVER_LEFT = "it did not arrive"
    TOO_MANY = "turned away for the request limit"


@dataclass
class Phone:
    """A number in the provider's books."""

    provider_id: str
    served: int  # the activation it was ordered for
    status: ProviderStatus = ProviderStatus.WAITING
    sms: list[Sms] = field(default_factory=list)
    seen: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in (ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED)


@dataclass(eq=False)
class Question:
    """One that waits at the counter."""

    served: int
    change: StatusChange | None
    provider_id: str
    task: asyncio.Task[object] | None
    answer: asyncio.Future[Fate]


class Till:
    def __init__(self, clock: MovedClock) -> None:
        self.phones: dict[str, Phone] = {}
        self.orders: Counter[int] = Counter()  # by activation: those that may have arrived
        self.done: Counter[int] = Counter()  # by activation: numbers given out
        self.counter: list[Question] = []
        self._clock = clock

    async def balance(self) -> Balance:
        return Balance(Decimal(100), "USD")

    async def countries(self) -> list[Country]:
        return [Country("187", "United States")]

    async def services(self, country_id: str) -> list[Service]:
        return [Service("wa", f"WhatsApp in {country_id}", PRICE, 100)]

    async def rent(self, service_code: str, country_id: str, max_price: Decimal) -> Rental:
        return await self._ordered(f"{service_code} {country_id} {max_price}")

    async def re_rent(self, activation_id: str) -> Rental:
        return await self._ordered(activation_id)

    async def activation(self, activation_id: str) -> ActivationStatus:
        phone = self.phones[activation_id]
        sms = phone.sms[-1] if len(phone.sms) > phone.seen else None
        return replace(seen(phone.status, sms), phone_number="+19001234567")

    async def change(self, activation_id: str, new_status: StatusChange) -> Changed:
        question = self._asks(new_status, activation_id)
        fate = await question.answer
        self._fail(fate)
        if not self._is_changed(question):
            raise Refused(ErrorCode.INVALID_PARAMETER, "INVALID_PARAMETER", "Not now.", 422)
        if fate is Fate.ANSWER_LOST:
            raise OutcomeUnknown("nobody heard")
        return Changed(activation_id)

    def serve(self, question: Question, fate: Fate) -> None:
        """The counter's turn: from here on it is done, or never will be."""
        self.counter.remove(question)
        question.answer.set_result(fate)

    def forget(self, question: Question, fate: Fate) -> None:
        """As `serve`, when nobody is there any more who could hear the answer."""
        self.counter.remove(question)
        if question.change is not None:
            if fate is Fate.ANSWERED:
                self._is_changed(question)
        elif fate is not Fate.NEVER_LEFT:
            self.orders[question.served] += 1
            if fate is Fate.ANSWERED:
                self._give(question.served)

    async def _ordered(self, what: str) -> Rental:
        question = self._asks(None, what)
        fate = await question.answer
        self.orders[question.served] += fate not in (Fate.NEVER_LEFT, Fate.TOO_MANY)
        self._fail(fate)
        phone = self._give(question.served)
        if fate is Fate.ANSWER_LOST:
            raise OutcomeUnknown("nobody heard")
        end = self._clock.now() + timedelta(minutes=20)
        return replace(RENTAL, activation_id=phone.provider_id, expires_at=end)

    def _asks(self, change: StatusChange | None, provider_id: str) -> Question:
        answer: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()
        question = Question(SERVED.get(), change, provider_id, asyncio.current_task(), answer)
        self.counter.append(question)
        return question

    def _fail(self, fate: Fate) -> None:
        if fate is Fate.LOST:
            raise OutcomeUnknown("nobody heard")
        if fate is Fate.REFUSED:
            raise Refused(ErrorCode.NO_NUMBERS_AVAILABLE, "NO_NUMBERS_AVAILABLE", "None.", 400)
        if fate is Fate.NEVER_LEFT:
            raise NotSent("it did not arrive")
        if fate is Fate.TOO_MANY:
            raise RateLimited(5.0)

    def _give(self, served: int) -> Phone:
        phone = Phone(f"p{len(self.phones)}", served)
        self.phones[phone.provider_id] = phone
        self.done[served] += 1
        return phone

    def _is_changed(self, question: Question) -> bool:
        phone = self.phones[question.provider_id]
        if question.change is StatusChange.CANCEL and phone.is_open and not phone.sms:
            phone.status = ProviderStatus.CANCELLED
        elif question.change is StatusChange.COMPLETE and phone.is_open and phone.sms:
            phone.status = ProviderStatus.COMPLETED
        elif (
            question.change is StatusChange.ANOTHER_SMS
            and phone.status is ProviderStatus.CODE_RECEIVED
        ):
            phone.status = ProviderStatus.WAITING
            phone.seen = len(phone.sms)
        else:
            return False
        return True
