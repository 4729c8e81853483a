"""Which SMS a number gets by itself, when it comes, and what stands in it."""

import re
from collections.abc import Callable
from random import Random
from typing import Final

from sandbox.bloomsms_books import Activation, Sms
from sandbox.bloomsms_catalog import Catalog
from sandbox.bloomsms_faults import SMS_OPERATION, Faults

_CODE: Final = re.compile(r"(?<![0-9])([0-9]{3}-[0-9]{3}|[0-9]{4,8})(?![0-9])")
_TEXTS: Final = (
    "Your {name} code is {code}",
    "{code} is your {name} verification code. Do not share it with anyone.",
    "[{name}] Verification code: {code}. It is valid for 10 minutes.",
    "<#> {code} is your {name} code. Don't reply to this message.",
)
_TEXT_WITHOUT_CODE: Final = "{name}: open the app to finish signing in."


def code_in(text: str | None) -> str:
    """The first run of four to eight digits, 123-456 read as one run; "" when there is none."""
    found = _CODE.search(text or "")
    return found[1].replace("-", "") if found else ""


class Postman:
    def __init__(
        self,
        catalog: Catalog,
        faults: Faults,
        *,
        delay_s: tuple[float, float] | None,
        random: Random,
        clock: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._faults = faults
        self._delay_s = delay_s
        self._random = random
        self._clock = clock

    def address(self, activation: Activation, operation: str) -> None:
        """Plan the SMS that answers this operation: none, a usual one, or as a scenario says."""
        if self._faults.take_named("no_code", operation):
            activation.gets_sms_by_itself = False
        if late := self._faults.take_named("late_code", operation):
            activation.gets_sms_by_itself = False
            activation.end_is_undone = late.flag("revives")
            activation.sms_after_end = self._written(activation, operation, late.number("delay_s"))
        if not activation.gets_sms_by_itself:
            return
        if timed := self._faults.take_named("code_after", operation):
            delay_s = timed.number("seconds")
        elif self._delay_s is not None:
            delay_s = self._random.uniform(*self._delay_s)
        else:
            return
        activation.coming.append(self._written(activation, operation, self._clock() + delay_s))

    def sms(self, text: str | None, code: str | None) -> Sms:
        """An SMS that comes now; the code "auto" is read out of its text."""
        if self._faults.take_named("code_without_digits", SMS_OPERATION):
            code = ""
        return Sms(code_in(text) if code == "auto" else code, text, self._clock())

    def usual_text(self, activation: Activation) -> str:
        """What the next SMS to this number may well say."""
        return self._written(activation, "", 0.0).full_text or ""

    def _written(self, activation: Activation, operation: str, at: float) -> Sms:
        name = self._catalog.offers(activation.country)[activation.service].name
        if self._faults.take_named("code_without_digits", operation):
            return Sms("", _TEXT_WITHOUT_CODE.format(name=name), at)
        code = f"{self._random.randrange(10**6):06}"
        return Sms(code, self._random.choice(_TEXTS).format(name=name, code=code), at)
