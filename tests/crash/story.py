"""One person's way from /rent to a number's end, past a bot that is killed once on the way."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.conftest import World

ROOT = Path(__file__).parent.parent.parent
LAUNCHER = Path(__file__).parent / "launcher.py"
LAST = "/help"
CODE = "852508"
PATIENCE_S = 15.0
# What a bot does of itself after the person has seen the end.
LONGEST_AFTERMATH_S = 3.0
# After so long a person presses again. A wish whose answer was lost is looked after in five.
PRESSED_AGAIN_AFTER_S = 12.0
DECIDED = ("Waiting for the SMS", "The outcome is unknown", "Not rented")
UNSETTLED = (
    "select state from activations where state = 'renting'"
    " union all select kind from notes where status in ('pending', 'claimed')"
)


class Story:
    """A world with the bot in it as a process that is killed at `point`, and then started again.

    Shape: the points lie after the update that holds `begin`; `pressed_again` are the buttons whose
    first press came to nothing.
    """

    begin = "/rent"

    def __init__(self, folder: Path, point: str = "") -> None:
        folder.mkdir()
        self.world = World(folder)
        self.world.bloomsms = BloomsmsServer(requests_per_minute=6000)
        self.world.telegram.flood.rules = None
        self.point = point
        self.trace = folder / "trace"
        self.pressed_again: list[str] = []
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def ann(self) -> Person:
        return self.world.ann

    @property
    def points(self) -> list[str]:
        """Shape: distinct, in the order they were passed."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    @property
    def was_killed(self) -> bool:
        return bool(self.point) and self.point in self.points

    async def play(self) -> None:
        """Live through it all; AssertionError when the person waits in vain."""
        await self.world.open()
        try:
            await self._start(self.point)
            async with asyncio.TaskGroup() as group:
                revival = group.create_task(self._revive())
                await self._live()
                await asyncio.wait({revival}, timeout=LONGEST_AFTERMATH_S if self.point else 0)
                revival.cancel()
            await self._rest()
        finally:
            await self._end(signal.SIGKILL)
            await self.world.close()

    async def _start(self, point: str) -> None:
        variables = {
            name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}
        }
        variables |= self.world.variables() | {
            "PYTHONPATH": str(ROOT),
            "BLOOMSMS_REQUESTS_PER_MINUTE": "6000",
            "CRASH_AT": point,
            "CRASH_FROM": self.begin,
            "CRASH_TO": LAST,
            "CRASH_TRACE": str(self.trace if point or not self.point else os.devnull),
        }
        calls = len(self.world.telegram.calls)
        with (self._folder / "bot.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(LAUNCHER), cwd=self._folder, env=variables,
                stdout=log, stderr=log,
            )  # fmt: skip

        def is_up(_: object) -> bool:
            return {"getUpdates", "setMyCommands"} <= {
                one.method for one in self.world.telegram.calls[calls:]
            }

        await self.world.telegram.waits_until(is_up, PATIENCE_S)

    async def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()

    async def _revive(self) -> None:
        """Start it again once it is dead, as whoever looks after a server would."""
        if self._process:
            status = await self._process.wait()

            assert -signal.SIGKILL == status, f"the bot ended by itself with {status}"
            await self._start("")

    async def _live(self) -> None:
        """Do as people do: press, and wait for what comes of it."""
        card = await self._rented()
        if "Waiting for the SMS" in card.text:
            await self._end_of_number(card)

    async def _rented(self) -> Message:
        """Shape: the card, once it says what became of the order."""
        ann, wait_s = self.ann, PATIENCE_S
        await ann.says("/rent")
        card = await ann.waits_for("Where should the number be from?", timeout_s=wait_s)
        await ann.clicks("United States", message=card, wait_answer=False)
        await ann.waits_until(lambda _: "What is the number for?" in card.text, wait_s)
        await ann.clicks("WhatsApp · $0.55", message=card, wait_answer=False)
        await ann.waits_until(lambda _: "In stock" in card.text, wait_s)
        await ann.clicks("Rent for $", message=card, wait_answer=False)
        await ann.waits_until(lambda _: any(words in card.text for words in DECIDED), wait_s)
        return card

    async def _end_of_number(self, card: Message) -> None:
        self.world.bloomsms.send_sms(self.world.only_number(), f"Your code is {CODE}")
        news = await self.ann.waits_for(CODE, new=True, timeout_s=PATIENCE_S)
        await self._press("Done", news, card, "Completed")

    async def _press(self, label: str, message: Message, card: Message, end: str) -> None:
        """Press until the card says `end`, at most twice."""
        await self.ann.clicks(label, message=message, wait_answer=False)
        try:
            await self.ann.waits_until(lambda _: end in card.text, PRESSED_AGAIN_AFTER_S)
        except AssertionError:
            self.pressed_again.append(label)
            await self.ann.clicks(label, message=message, wait_answer=False)
            await self.ann.waits_until(lambda _: end in card.text, PATIENCE_S)

    async def _rest(self) -> None:
        """Wait until the bot has nothing left to say, and see that it still listens."""
        async with asyncio.timeout(PATIENCE_S):
            while self.rows(UNSETTLED):
                await asyncio.sleep(0.05)
        await self.ann.says(LAST)
        await self.ann.waits_for("How it works", new=True, timeout_s=PATIENCE_S)

    def rows(self, sql: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self._folder / "bot.db")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql).fetchall()

    def faults(self) -> list[str]:
        """Everything a person or an owner could complain of."""
        return [*self._money(), *self._code(), *self._chat(), *self._file()]

    def _money(self) -> list[str]:
        bloomsms, ann, owner = self.world.bloomsms, self.ann.sees(), self.world.owner.sees()
        found = []
        if bloomsms.count("rent") > 1 or len(bloomsms.charges) > 1:
            found.append(f"{bloomsms.count('rent')} orders, {len(bloomsms.charges)} charges")
        known = {row["provider_id"] for row in self.rows("select provider_id from activations")}
        unsure = len(self.rows("select 1 from activations where state = 'uncertain'"))
        for charge in bloomsms.charges:
            if charge.activation_id in known:
                digits = bloomsms.activations[charge.activation_id].phone_number[-4:]
                if digits not in ann:
                    found.append("a number its person was not shown")
            elif not unsure:
                found.append("a forgotten charge")
        if unsure and "The outcome is unknown" not in ann:
            found.append("the person was not told of an unknown outcome")
        if unsure and "outcome of an order is unknown" not in owner:
            found.append("the owner was not told of an unknown outcome")
        return found

    def _code(self) -> list[str]:
        told = sum(one.html.startswith(f"<code>{CODE}</code>") for one in self.ann.messages)
        had = [one for one in self.world.bloomsms.activations.values() if one.sms]
        fewest, most = (1, 2) if had else (0, 0)
        return [] if fewest <= told <= most else [f"the code was told {told} times"]

    def _chat(self) -> list[str]:
        shown = [one for one in self.ann.messages if one.from_bot and not one.deleted]
        found = [f"a card stands still: {one.text!r}" for one in shown if "Renting" in one.text]
        twice = Counter(one.text for one in shown)
        found += [f"told {n} times: {text!r}" for text, n in twice.items() if n > 2]
        found += [f"an apology: {one.text!r}" for one in shown if "went wrong" in one.text]
        return found

    def _file(self) -> list[str]:
        said = [str(row[0]) for row in self.rows("pragma integrity_check")]
        return [] if said == ["ok"] else said


class CancelStory(Story):
    """The number is given back; the points begin with the press of Cancel."""

    begin = '"2:ca:'

    async def _end_of_number(self, card: Message) -> None:
        await self._press("Cancel", card, card, "Cancelled")

    def faults(self) -> list[str]:
        kept = [one for one in self.world.bloomsms.charges if not one.refunded]
        return super().faults() + ["the money did not come back"] * len(kept)
