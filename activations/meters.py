"""What is counted for the operator."""

from datetime import timedelta
from typing import Protocol

from activations.notes import NoteKind, Outcome


class Meters(Protocol):
    """What is counted for the operator. Each call is cheap and never raises."""

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        """Telegram took a code.

        Units: `age` of the waiting when the code was learned, None when unknown; `took` from then
        until it was accepted.
        """
        ...

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None: ...

    def update_handled(self, took_s: float) -> None: ...


class NoMeters:
    """Where nothing is counted."""

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        """Count nothing."""

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None:
        """Count nothing."""

    def update_handled(self, took_s: float) -> None:
        """Count nothing."""


NO_METERS = NoMeters()
