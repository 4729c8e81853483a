"""A hundred thousand pieces of nonsense: for the pure readers, and through the real handlers."""

import json
import logging
import random
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telegram import Bot, Update
from telegram.request import BaseRequest, RequestData

from activations.errors import NotFound, OutOfStock
from activations.model import Activation, Offer, State
from bloomsms import amounts, answers, wire
from bloomsms.errors import BloomsmsError
from bloomsms.models import Sms
from handlers import card_texts, formats, keyboards, texts
from handlers.callback_data import LARGEST_ID, StalePressError, Verb, ref, resolve, unpack
from handlers.messenger import plain
from handlers.phones import phone
from people.model import NO_LIMITS, Person, Standing
from sandbox.bloomsms_server import BloomsmsServer
from settings import AccessMode, Settings
from wiring import House, furnished

# How many cases each test makes: of what people send 103,000, of what the provider answers 49,000.
OF_CALLBACK_DATA = 60_000
OF_COMMANDS = 20_000
OF_SHOWN_TEXTS = 15_000
OF_ENVELOPES = 24_000
OF_ANSWERS = 25_000
OF_UPDATES = 8_000

SEED = 20_260_501
OWNER, ANN, FIRST_STRANGER = 1000, 2001, 50_000
UPDATES_EACH = 8  # more of one person would wait for Telegram's pace
LONGEST_MESSAGE = 4096
SAMPLES = Path(__file__).parent.parent / "samples"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
COMMANDS = ("start", "rent", "numbers", "history", "balance", "settings", "help", "admin", "x")
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz0123456789_-:",
    "".join(map(chr, range(0x80))),
    "<>&\"'/=:;%{}[]()*_`~#\\ \n\t",
    "".join(
        map(chr, (0x1F510, 0x1F468, 0x200D, 0x202E, 0x2066, 0xFEFF, 0, 0xE9, 0x6F22, 0x627, 0x663))
    ),
    "".join(map(chr, range(0x2000, 0x2100))),
)
ODD_IDS = (
    "0", "-1", "1", "2", "3", "00", "1.0", "1e3", " 1", "1 ", "+1", "0x1", "\u0663", "\uff11",
    "NaN", "None", "1 or 1=1",
    "1;drop table activations", "' or ''='", str(2**31), str(2**53), str(2**53 + 1),
    str(2**63), str(2**63 - 1), "9" * 15, "9" * 16, "9" * 60, "", "%s", "{0}", "../..", "\x00",
)  # fmt: skip


def any_text(dice: random.Random, longest: int = 40) -> str:
    alphabet = dice.choice(ALPHABETS)
    return "".join(dice.choices(alphabet, k=dice.randrange(longest + 1)))


def any_press(dice: random.Random) -> str:
    """Callback data: forged with odd ids, mutated, or noise; at most 64 bytes as in Telegram."""
    verb = dice.choice(list(Verb)).value
    parts = [dice.choice(ODD_IDS) for _ in range(dice.randrange(4))]
    data = ":".join(["1", verb, *parts])
    kind = dice.randrange(5)
    if kind == 0:
        data = any_text(dice, 64)
    elif kind == 1 and data:
        place = dice.randrange(len(data))
        data = data[:place] + dice.choice(dice.choice(ALPHABETS)) + data[place + 1 :]
    elif kind == 2:
        data = f"{dice.choice(('', '0', '2', '-1', '01'))}:{data[2:]}"
    return data.encode()[:64].decode(errors="ignore") or ":"


def test_any_callback_data() -> None:
    """Whatever a button carries is a press with plausible ids, or refused in one of two ways."""
    dice = random.Random(SEED)
    for _ in range(OF_CALLBACK_DATA):
        data = any_press(dice)
        try:
            press = unpack(data)
        except StalePressError:
            continue
        assert press.verb in Verb
        for position in range(4):
            assert 0 <= press.page(position) <= 9999
            with suppress(NotFound):
                assert 1 <= press.id(position) <= LARGEST_ID
            with suppress(OutOfStock):
                assert resolve(press.ref(position), ("187", "wa")) in ("187", "wa")


def is_message(html: str) -> bool:
    """Whether Telegram takes this HTML: only our own tags, each closed, not too long."""
    open_tags: list[str] = []
    for slash, tag in re.findall(r"<(/?)([^<>]*)>", html):
        if not slash:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            return False
    rest = re.sub(r"</?(b|i|code)>", "", html)
    is_clean = not open_tags and "<" not in rest and "\x00" not in rest
    return is_clean and formats.utf16_length(unescape(rest)) <= LONGEST_MESSAGE


def test_any_outside_text_is_shown_to_the_letter() -> None:
    """Names, words and SMS of any kind become valid HTML that shows them and nothing else."""
    dice = random.Random(SEED)
    for turn in range(OF_SHOWN_TEXTS):
        text = any_text(dice, 6000 if turn % 500 == 0 else 60)
        name = text[:120]
        offer = Offer(ANN, "wa", name, "187", name[::-1], Decimal("0.55"))
        shown = Activation(1, offer, State.CODE_RECEIVED, NOW, NOW)
        sms = Sms(name[:20].strip(), text)
        messages = card_texts.code_messages(shown, sms)

        assert all(is_message(message) for message in messages)
        assert is_message(texts.greeting(name, ""))
        assert is_message(texts.found(text, name, turn % 2, 0))
        assert is_message(texts.access_asked("1", name))
        assert is_message(card_texts.card(shown, NOW))
        assert formats.escape(text) == formats.escape(unescape(plain(formats.escape(text)))) or (
            "&" in text
        )
        assert formats.utf16_length(formats.clip(text, 60)) <= 60
        assert text == "".join(formats.pieces(text, 100))
        assert len(ref(text).encode()) <= 18
        keyboards.code(shown, sms)
        keyboards.admin([Person(1, name, Standing.ASKED)], [])
        formats.flag(name)
        phone(name, name)


def any_json(dice: random.Random, depth: int = 0) -> object:
    kind = dice.randrange(9 if depth < 3 else 7)
    simple: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: dice.choice((True, False)),
        lambda: dice.choice((0, -1, 2**63, 10**400, dice.randrange(10**9))),
        lambda: dice.choice((0.55, -1e9, 1e308, dice.random())),
        lambda: any_text(dice),
        lambda: dice.choice(("abc", "-1", "0.55", "NaN", "Infinity", "1e999999", "9" * 500)),
        lambda: dice.choice(ODD_IDS),
    )
    if kind < len(simple):
        return simple[kind]()
    if kind == len(simple):
        return [any_json(dice, depth + 1) for _ in range(dice.randrange(4))]
    keys = ("id", "name", "code", "price", "stock", "sms", "activation_id", "full_text", "balance")
    return {dice.choice(keys): any_json(dice, depth + 1) for _ in range(dice.randrange(5))}


def samples() -> list[object]:
    return [json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.json"))]


def mutated(dice: random.Random, value: object) -> object:
    """The value with one of its members replaced, somewhere inside."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        changed = dict(value)
        key = dice.choice(list(changed))
        if dice.random() < 0.2:
            del changed[key]
        else:
            changed[key] = mutated(dice, changed[key])
        return changed
    if isinstance(value, list) and value and dice.random() < 0.8:
        place = dice.randrange(len(value))
        return [*value[:place], mutated(dice, value[place]), *value[place + 1 :]]
    return any_json(dice)


def bodies(dice: random.Random) -> Iterator[bytes]:
    """Bodies of answers: noise, samples with a part changed, samples cut or with a byte changed."""
    whole = samples()
    while True:
        body = json.dumps(mutated(dice, dice.choice(whole))).encode()
        kind = dice.randrange(4)
        if kind == 0:
            body = dice.randbytes(dice.randrange(200))
        elif kind == 1:
            body = body[: dice.randrange(len(body) + 1)]
        elif kind == 2:
            place = dice.randrange(len(body))
            body = body[:place] + dice.randbytes(1) + body[place + 1 :]
        yield body


def test_any_body_is_an_envelope_or_an_error() -> None:
    """Whatever the provider answers is data or one of our errors, and no excerpt tells a code."""
    dice = random.Random(SEED)
    source = bodies(dice)
    headers: tuple[dict[str, str], ...] = (
        {},
        {"Retry-After": "soon"},
        {"Retry-After": "9" * 30},
        {"retry-after": "-1"},
    )
    for _ in range(OF_ENVELOPES):
        status = dice.choice((200, 200, 201, 204, 400, 401, 403, 404, 429, 500, 502, 503, 999))
        said = ""
        try:
            wire.read_envelope(status, dice.choice(headers), next(source))
        except BloomsmsError as err:
            said = str(err)
        assert not re.search(r"\d{6}", said)


def test_any_data_is_a_model_or_an_error() -> None:
    """Whatever stands in an answer is a model with plausible money, or unreadable."""
    dice = random.Random(SEED)
    whole = samples()
    readers: tuple[Callable[[Any], object], ...] = (
        answers.read_balance,
        answers.read_countries,
        answers.read_services,
        answers.read_prices,
        answers.read_rental,
        answers.read_activation,
    )
    for turn in range(OF_ANSWERS):
        changed = mutated(dice, dice.choice(whole))
        data = changed.get("data") if isinstance(changed, dict) else changed
        try:
            model = readers[turn % len(readers)](data)
            answers.read_webhook(json.dumps(changed).encode())
        except BloomsmsError:
            continue
        price = getattr(model, "price", None)
        assert price is None or 0 <= price <= amounts.HIGHEST


class MemoryTelegram(BaseRequest):
    """Answers every call at once without a network, and remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._ids = iter(range(1, 10**9))

    @property
    def read_timeout(self) -> float | None:
        return 5

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 - the library's own signature
        request_data: RequestData | None = None,
        *_: object,
        **__: object,
    ) -> tuple[int, bytes]:
        call = url.rsplit("/", 1)[1]
        asked = dict(request_data.parameters) if request_data else {}
        self.said.append(str(asked.get("text", "")))
        return 200, json.dumps({"ok": True, "result": self._result(call, asked)}).encode()

    def _result(self, call: str, asked: dict[str, Any]) -> object:
        if call == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "B", "username": "b_bot"}
        if call not in ("sendMessage", "editMessageText", "editMessageReplyMarkup"):
            return True
        chat = {"id": int(asked.get("chat_id", 1)), "type": "private"}
        number = asked.get("message_id") or next(self._ids)
        return {"message_id": int(number), "date": 1, "chat": chat, "text": "x"}


@pytest.fixture
async def bloomsms() -> AsyncIterator[BloomsmsServer]:
    server = BloomsmsServer(requests_per_minute=1_000_000)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def telegram() -> MemoryTelegram:
    return MemoryTelegram()


@pytest.fixture
async def house(
    tmp_path: Path, bloomsms: BloomsmsServer, telegram: MemoryTelegram
) -> AsyncIterator[House]:
    """The real house, its calls to Telegram answered in memory, serving but not fetching."""
    settings = Settings(
        telegram_bot_token=SecretStr("1:made-up"),
        telegram_base_url="http://127.0.0.1:9",
        bloomsms_api_key=SecretStr("sk_sandbox"),
        bloomsms_base_url=bloomsms.base_url,
        bloomsms_requests_per_minute=1_000_000,
        database_path=tmp_path / "bot.db",
        admin_ids=frozenset({OWNER}),
        access=AccessMode.PUBLIC,
    )
    async with furnished(settings) as house:
        bot = house.application.bot
        with bot._unfrozen():
            bot._request = (telegram, telegram)
        await house.application.initialize()
        await house.application.start()
        yield house
        await house.application.stop()


async def give_ann_numbers(house: House, bloomsms: BloomsmsServer, path: Path) -> None:
    """Ann has an offer, a waiting number and one with its code; later ids are out of reach."""
    rentals = house.desk.rentals
    await rentals.quote(ANN, NO_LIMITS, "187", "wa")
    for _ in range(2):
        quote = await rentals.quote(ANN, NO_LIMITS, "187", "wa")
        begun = await rentals.confirm(ANN, NO_LIMITS, quote.activation.id, None)
        paid = await rentals.pay(begun)
    assert paid.number
    bloomsms.send_sms(paid.number.provider_id, "code 852508")
    await house.desk.endings._inspector.look(paid, house.client)
    connection = sqlite3.connect(path)
    connection.execute("update sqlite_sequence set seq = 1000000000 where name = 'activations'")
    connection.commit()
    connection.close()


def rows_of_ann(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute("select * from activations where user_id = ?", (ANN,)).fetchall()
    connection.close()
    return found


def any_command(dice: random.Random, number: int, bot: Bot) -> Update:
    """A command, a deep link or a text, well-formed or not, with entities where they do not fit."""
    command = dice.choice((*COMMANDS, any_text(dice, 40)))
    name = dice.choice(("", "", "@b_bot", "@other_bot", "@"))
    payload = any_text(dice, 80) if dice.random() < 0.5 else dice.choice(ODD_IDS)
    text = f"{dice.choice('//!')}{command}{name}{dice.choice((' ', '', chr(10)))}{payload}"
    length = dice.choice((len(f"/{command}{name}"), 0, 1, 999))
    entity = {"type": dice.choice(("bot_command", "bold")), "offset": dice.choice((0, 0, 0, 5))}
    user = {"id": FIRST_STRANGER, "is_bot": False, "first_name": "x"}
    message: dict[str, Any] = {"message_id": 5, "date": 1, "from": user, "text": text}
    message["chat"] = {"id": FIRST_STRANGER, "type": "private"}
    message["entities"] = [entity | {"length": length}]
    return Update.de_json({"update_id": number, "message": message}, bot)


async def test_any_command_is_taken(house: House) -> None:
    """Whatever command, deep link or text comes, a handler takes it and none stumbles over it."""
    dice = random.Random(SEED)
    application = house.application
    for number in range(1, OF_COMMANDS + 1):
        update = any_command(dice, number, application.bot)
        taken = [h for h in application.handlers[0] if h.check_update(update) not in (None, False)]
        assert taken


def any_update(dice: random.Random, number: int) -> dict[str, Any]:
    """A press, a command, a deep link, a text or something odd, of somebody with any name."""
    user_id = FIRST_STRANGER + number // UPDATES_EACH
    user = {"id": user_id, "is_bot": False, "first_name": any_text(dice, 64) or "x"}
    if dice.random() < 0.3:
        user |= {"last_name": any_text(dice, 64), "username": any_text(dice, 32)}
    chat = {"id": user_id, "type": "private"}
    message: dict[str, Any] = {"message_id": 5, "date": 1, "chat": chat, "from": user}
    kind = dice.randrange(10)
    if kind < 5:
        query = {"id": str(number), "from": user, "chat_instance": "1", "data": any_press(dice)}
        shown = message | {"text": "x"} if kind else {"message_id": 5, "date": 0, "chat": chat}
        return {"update_id": number, "callback_query": query | {"message": shown}}
    if kind == 5:
        odd = {"type": dice.choice(("group", "supergroup", "channel"))}
        return {"update_id": number, "message": message | {"chat": chat | odd, "text": "/start"}}
    if kind == 6:
        odd_part = dice.choice(({"dice": {"emoji": "🎲", "value": 1}}, {"caption": "x"}, {}))
        name = dice.choice(("message", "edited_message"))
        return {"update_id": number, name: message | odd_part}
    text = any_text(dice, 300) or "x"
    if kind > 7:
        text = f"/{dice.choice(COMMANDS)} {text}"[:LONGEST_MESSAGE]
        length = len(text.split()[0])
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return {"update_id": number, "message": message | {"text": text}}


async def test_any_update(
    house: House,
    bloomsms: BloomsmsServer,
    telegram: MemoryTelegram,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No update makes an exception reach a person, or a forged button move another's number."""
    dice = random.Random(SEED)
    await give_ann_numbers(house, bloomsms, tmp_path / "bot.db")
    before = rows_of_ann(tmp_path / "bot.db")
    writes = sum(e.method != "GET" for e in bloomsms.exchanges)
    caplog.set_level(logging.ERROR)
    for number in range(1, OF_UPDATES + 1):
        update = Update.de_json(any_update(dice, number), house.application.bot)
        await house.application.process_update(update)

    assert [] == [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert [] == [text for text in telegram.said if "went wrong" in text]
    assert before == rows_of_ann(tmp_path / "bot.db")
    assert writes == sum(e.method != "GET" for e in bloomsms.exchanges)
    assert len(telegram.said) > OF_UPDATES / 2
