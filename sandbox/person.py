"""Plays one person in the private chat with the bot.

Every wait ends as soon as the server changed in the way that is waited for; one that takes longer
than its limit fails with the chat as the person sees it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from sandbox.telegram_chats import Answer, Press
from sandbox.telegram_inline import InlineAnswer, ask, pick
from sandbox.telegram_labels import find_button
from sandbox.telegram_labels import without_emoji as without_emoji
from sandbox.telegram_payments import give_up, press_pay
from sandbox.telegram_shapes import bot_user, callback_query, membership_change, message_shape
from sandbox.telegram_text import find_commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Button, Chat, Chats, Message
    from sandbox.telegram_inline import InlineAsk
    from sandbox.telegram_till import Payment

DEFAULT_TIMEOUT_S = 10.0

_Found = TypeVar("_Found")
_DUMPED_REFUSALS = 5
_UNKNOWN = Answer(kind="unknown")


class Person:
    """One human being; what they see changes with every call of the bot."""

    def __init__(self, chats: Chats, chat: Chat) -> None:
        self.id = chat.id
        self.presses_made: list[Press] = []
        self._chats = chats
        self._chat = chat
        self._last_seen_id = 0
        self._asked: InlineAsk | None = None

    @property
    def messages(self) -> list[Message]:
        """Shape: all messages ever, oldest first, the deleted ones too."""
        return self._chat.messages

    @property
    def actions(self) -> list[str]:
        """Shape: `typing` and the like, in the order they were shown."""
        return self._chat.actions

    @property
    def last_press(self) -> Press:
        return self.presses_made[-1]

    async def says(self, text: str, *, topic: int | None = None) -> None:
        """Send a message, maybe in a topic; whoever says something has started the bot."""
        if self._chat.blocked:
            raise AssertionError("a person who blocked the bot cannot write to it")
        self._acts()
        self._chat.started = True
        message = self._chats.new_message(self._chat, text, from_bot=False)
        message.entities = find_commands(text)
        if topic is not None:
            message.thread_id = topic
            self._chat.topics.add(topic)
        self._chats.add_message(self._chat, message)
        self._chats.updates.add("message", message_shape(self._chat, message, None))

    async def clicks(
        self,
        label: str,
        *,
        message: Message | None = None,
        wait_answer: bool = True,
        age_s: float = 0.0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Answer:
        """Press the button with this label, once there is one.

        Shape: on the given message, else on the newest one that has a button whose label contains
        `label`; there a label that equals it (a leading emoji aside) goes first. A copy or link
        button answers itself; a pay button pays, the kind is what became of it then. An answer
        that is not waited for is of the kind `unknown`.
        """
        on, button = await self._button(label, message, timeout_s)
        if "pay" in button.raw:
            payment = await self.pays(on)
            return Answer(payment.text, kind=payment.kind)
        if button.copy_text is not None:
            return Answer(button.copy_text, kind="copy")
        if button.callback_data is None:
            return Answer(button.url, url=button.url, kind="link")
        return await self.presses(
            button.callback_data,
            message=on,
            wait_answer=wait_answer,
            age_s=age_s,
            timeout_s=timeout_s,
        )

    async def clicks_times(
        self, label: str, times: int, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> list[Answer]:
        """Press the same button again and again without waiting, then wait for all answers."""
        message, button = await self._button(label, None, timeout_s)
        if button.callback_data is None:
            raise AssertionError(f"[{button.text}] is no callback button")
        presses = [self._press(message, button.callback_data) for _ in range(times)]
        return [await self._answer_to(press, timeout_s) for press in presses]

    async def presses(
        self,
        data: str,
        *,
        message: Message | None = None,
        wait_answer: bool = True,
        age_s: float = 0.0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Answer:
        """Press a button with any data, also one that was never there.

        Shape: on the given message, else on the last of the bot. `age_s`: the press was made that
        long ago and is delivered only now.
        """
        press = self._press(message or self.last(), data, age_s=age_s)
        return await self._answer_to(press, timeout_s) if wait_answer else _UNKNOWN

    async def replays(
        self,
        press: Press | None = None,
        *,
        same_query: bool = False,
        wait_answer: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Answer:
        """Make a press (the last one) arrive again, as after a lost connection.

        Shape: a new update id and a new query id; with `same_query` the old query again, which is
        not waited for when it was answered before.
        """
        again = press or self.last_press
        if same_query:
            self._deliver(again)
        else:
            message = next(one for one in self.messages if one.id == again.message_id)
            again = self._press(message, again.data)
        return await self._answer_to(again, timeout_s) if wait_answer else _UNKNOWN

    async def pays(self, invoice: Message | str | None = None) -> Payment:
        """Press the pay button of an invoice: a message (the newest), or a link to one.

        Shape: the bot has the server's `checkout_limit_s` to answer, then it `timed_out`.
        """
        self._acts()
        invoices = [one for one in self._from_bot() if one.invoice is not None]
        checkout = press_pay(self._chats, self._chat, invoice or (invoices or [self.last()])[-1])
        limit_s = self._chats.checkout_limit_s
        await self._chats.changes.wait_for(lambda: checkout.payment, limit_s)
        return give_up(self._chats, checkout)

    async def asks_inline(
        self,
        text: str,
        *,
        offset: str = "",
        age_s: float = 0.0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> InlineAnswer:
        """Type the bot's name and a text, and wait for the results.

        Shape: `offset` is the `next_offset` of the results before. `age_s`: it was typed that
        long ago and is delivered only now.
        """
        asked = self._asked = ask(self._chats, self._chat, text, offset, age_s=age_s)
        return await self._wait(lambda: asked.answer, f"results for {text!r}", timeout_s)

    def picks(self, result_id: str) -> Message:
        """Send one of the last results into the chat with the bot."""
        if self._asked is None:
            raise AssertionError("nothing was asked")
        self._acts()
        return pick(self._chats, self._chat, self._asked, result_id)

    def sees(self) -> str:
        """Shape: the messages in the chat, newest last; buttons below theirs as rows of [label]."""
        return "\n\n".join(self._drawn(message) for message in self._chat.shown())

    def last(self) -> Message:
        """Find the newest message of the bot."""
        shown = self._from_bot()
        if not shown:
            raise AssertionError(f"the bot has sent nothing\n{self.sees()}")
        return shown[-1]

    def labels(self, message: Message | None = None) -> list[str]:
        """Shape: the labels of one message's buttons, or of all messages, newest message last."""
        messages = self._from_bot() if message is None else [message]
        return [button.text for one in messages for row in one.keyboard for button in row]

    async def waits_for(
        self, text: str, *, new: bool = False, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Message:
        """Wait for a message of the bot that contains the text; an edit may bring it.

        Shape: the newest such message. `new`: one the bot sent since this person last said or
        pressed something (or since the last `waits_for(new=True)` that found one).
        """
        after_id = self._last_seen_id if new else 0

        def find() -> Message | None:
            fits = [one for one in self._from_bot() if one.id > after_id and text in one.text]
            return fits[-1] if fits else None

        found = await self._wait(find, f"a message with {text!r}", timeout_s)
        if new:
            self._last_seen_id = found.id
        return found

    async def waits_until(
        self, predicate: Callable[[Person], object], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        await self._wait(lambda: bool(predicate(self)) or None, "what was waited for", timeout_s)

    def clears_chat(self) -> None:
        """Take all messages away on their own side; the bot is not told and can go on editing."""
        for message in self.messages:
            message.cleared = True
        self._chats.changes.tell()

    def blocks(self) -> None:
        self._set_blocked(is_blocked=True)

    def unblocks(self) -> None:
        self._set_blocked(is_blocked=False)

    def deactivates(self) -> None:
        """The account is deleted."""
        self._chat.deactivated = True

    def _set_blocked(self, *, is_blocked: bool) -> None:
        if self._chat.blocked is is_blocked:
            return
        self._chat.blocked = is_blocked
        change = membership_change(self._chat, bot_user(self._chats), date=int(time.time()))
        self._chats.updates.add("my_chat_member", change)
        self._chats.changes.tell()

    def _from_bot(self) -> list[Message]:
        """Shape: what came through the bot, too."""
        return [one for one in self._chat.shown() if one.from_bot or one.via_bot]

    def _acts(self) -> None:
        self._last_seen_id = max((message.id for message in self.messages), default=0)

    def _press(self, message: Message, data: str, *, age_s: float = 0.0) -> Press:
        self._acts()
        press = self._chats.new_press(message, data, age_s=age_s)
        self.presses_made.append(press)
        self._deliver(press)
        return press

    def _deliver(self, press: Press) -> None:
        query = callback_query(self._chat, press, bot_user(self._chats))
        self._chats.updates.add("callback_query", query)
        self._chats.changes.tell()

    async def _answer_to(self, press: Press, timeout_s: float) -> Answer:
        what = f"an answer to the press of {press.data!r}"
        return await self._wait(lambda: press.answer, what, timeout_s)

    async def _button(
        self, label: str, message: Message | None, timeout_s: float
    ) -> tuple[Message, Button]:
        def find() -> tuple[Message, Button] | None:
            return find_button(label, [message] if message else self._from_bot()[::-1])

        return await self._wait(find, f"a button [{label}]", timeout_s)

    async def _wait(self, find: Callable[[], _Found | None], what: str, timeout_s: float) -> _Found:
        found = await self._chats.changes.wait_for(find, timeout_s)
        if found is None:
            raise AssertionError(self._dump(f"{what} within {timeout_s} s"))
        return found

    def _dump(self, what: str) -> str:
        name = self._chat.profile.first_name
        refusals = "\n".join(self._chats.refusals[-_DUMPED_REFUSALS:]) or "nothing"
        return f"{name} waited in vain for {what}; sees:\n{self.sees()}\n\nrefused: {refusals}"

    def _drawn(self, message: Message) -> str:
        name = "" if message.from_bot else f"{self._chat.profile.first_name}: "
        file = f"({message.kind} {message.file.name}) " if message.file else ""
        rows = [" ".join(f"[{button.text}]" for button in row) for row in message.keyboard]
        return "\n".join([f"{name}{file}{message.text}".rstrip(), *rows])
