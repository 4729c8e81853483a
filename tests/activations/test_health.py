"""How the provider is doing: owners hear of each change once, and it is asked until it is well."""

import pytest

from activations.errors import ProviderAway, ProviderSaysNo
from activations.health import Condition, ProviderHealth
from activations.notes import NoteKind
from bloomsms.errors import (
    BloomsmsError,
    ErrorCode,
    NotNoted,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unreadable,
)
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import OWNERS, Shop
from tests.made_up import OLGA
from tests.moved_clock import MovedClock

AWAY = Unreadable("no answer")


def no(code: ErrorCode) -> Refused:
    return Refused(code, code.value, "", 400)


class Patient:
    """A provider whose health is watched: what it answers is what its health hears of."""

    def __init__(self, shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
        self.health = ProviderHealth(shop.notes, clock, OWNERS)
        self._shop = shop
        self._provider = provider
        self._clock = clock

    def hears(self, err: BloomsmsError | None, for_s: float = 0.0) -> None:
        """A request every second that ends so."""
        self.health.observe(err)
        for _ in range(round(for_s)):
            self._clock.move(1)
            self.health.observe(err)

    async def passes(self, seconds: float = 0.0) -> None:
        await self.health.run_pass(self._provider)
        for _ in range(round(seconds)):
            self._clock.move(1)
            await self.health.run_pass(self._provider)

    async def told(self) -> list[str]:
        """What each owner is told; both hear the same."""
        notes = [note for note in await self._shop.told() if note.user_id == OLGA]
        assert {NoteKind.OWNER_PROVIDER} >= {note.kind for note in notes}
        return [note.words["condition"] for note in notes]


@pytest.fixture
def patient(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> Patient:
    return Patient(shop, provider, clock)


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        (ErrorCode.INVALID_API_KEY, Condition.KEY_REFUSED),
        (ErrorCode.ACCOUNT_SUSPENDED, Condition.SUSPENDED),
        (ErrorCode.MAINTENANCE, Condition.MAINTENANCE),
        (ErrorCode.INSUFFICIENT_FUNDS, Condition.WELL),
        (ErrorCode.NO_NUMBERS_AVAILABLE, Condition.WELL),
        (ErrorCode.OTHER, Condition.WELL),
    ],
)
async def test_refusals(patient: Patient, code: ErrorCode, condition: Condition) -> None:
    """A refusal that concerns everybody is a condition; others are a sign of health."""
    patient.hears(no(code))
    await patient.passes()

    assert condition is patient.health.condition
    assert ([] if condition is Condition.WELL else [condition.value]) == await patient.told()


@pytest.mark.parametrize(
    "err", [AWAY, NotSent("x"), OutcomeUnknown("x")], ids=lambda err: type(err).__name__
)
@pytest.mark.parametrize(
    ("seconds", "condition"), [(14, Condition.WELL), (15, Condition.UNREACHABLE)]
)
async def test_silence(
    patient: Patient, err: BloomsmsError, seconds: float, condition: Condition
) -> None:
    """Silence of a quarter of a minute is an outage, less is a hiccup."""
    patient.hears(err, for_s=seconds)

    assert condition is patient.health.condition


async def test_a_hiccup_is_forgotten(patient: Patient) -> None:
    """An answer in between begins the count anew."""
    patient.hears(AWAY, for_s=10)
    patient.hears(None)
    patient.hears(AWAY, for_s=10)

    assert Condition.WELL is patient.health.condition


@pytest.mark.parametrize(
    "err", [RateLimited(5.0), NotNoted("disk full")], ids=["too many", "disk full"]
)
async def test_faults_of_ours_say_nothing(patient: Patient, err: BloomsmsError) -> None:
    """That we ask too much, or cannot note it, is no sign of the provider's health."""
    patient.hears(err, for_s=60)
    well = patient.health.condition
    patient.hears(no(ErrorCode.MAINTENANCE))
    patient.hears(err)

    assert (Condition.WELL, Condition.MAINTENANCE) == (well, patient.health.condition)


async def test_each_change_is_told_once(patient: Patient, provider: ScriptedProvider) -> None:
    """Owners hear when it breaks, when it breaks otherwise, and when it is well again."""
    provider.always("balance", no(ErrorCode.MAINTENANCE))
    for outcome in (no(ErrorCode.MAINTENANCE), no(ErrorCode.INVALID_API_KEY), None):
        patient.hears(outcome)
        await patient.passes()
        await patient.passes()

    assert ["maintenance", "key_refused", "well"] == await patient.told()


async def test_every_owner_is_told(patient: Patient, shop: Shop) -> None:
    """Each owner gets a note."""
    patient.hears(no(ErrorCode.MAINTENANCE))
    await patient.passes()

    assert OWNERS == {note.user_id for note in await shop.told()}


async def test_a_healthy_provider_is_not_probed(
    patient: Patient, provider: ScriptedProvider
) -> None:
    """While all is well no request is spent."""
    await patient.passes(60)

    assert [] == provider.asked


async def test_a_sick_provider_is_probed(patient: Patient, provider: ScriptedProvider) -> None:
    """While something is wrong it is asked every quarter of a minute, also in silence."""
    provider.always("balance", AWAY)
    patient.hears(AWAY)

    await patient.passes(44)

    assert ["balance"] * 3 == provider.asked


async def test_checking_in(
    patient: Patient, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start the balance is logged, and all is well."""
    with caplog.at_level("INFO"):
        await patient.health.check_in(provider)
    await patient.passes()

    assert "BloomSMS balance: 125.50 USD" in caplog.text
    assert [] == await patient.told()


async def test_checking_in_in_silence(patient: Patient, provider: ScriptedProvider) -> None:
    """Silence at the start counts at once."""
    provider.always("balance", AWAY)

    await patient.health.check_in(provider)
    await patient.passes()

    assert ["unreachable"] == await patient.told()


async def test_checking_in_with_a_wrong_key(patient: Patient, provider: ScriptedProvider) -> None:
    """A refused key is what the request itself reported."""
    provider.always("balance", no(ErrorCode.INVALID_API_KEY))
    patient.hears(no(ErrorCode.INVALID_API_KEY))

    await patient.health.check_in(provider)
    await patient.passes()

    assert ["key_refused"] == await patient.told()


@pytest.mark.parametrize(
    "err", [RateLimited(30.0), NotNoted("disk full")], ids=["window full", "disk full"]
)
async def test_checking_in_with_a_fault_of_ours(
    patient: Patient, provider: ScriptedProvider, err: BloomsmsError
) -> None:
    """A limit used up by quick restarts, or a full disk, is no outage of the provider's."""
    provider.always("balance", err)

    await patient.health.check_in(provider)

    assert Condition.WELL is patient.health.condition


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (None, None),
        (no(ErrorCode.NO_NUMBERS_AVAILABLE), None),
        (no(ErrorCode.MAINTENANCE), None),
        (no(ErrorCode.INVALID_API_KEY), ErrorCode.INVALID_API_KEY),
        (no(ErrorCode.ACCOUNT_SUSPENDED), ErrorCode.ACCOUNT_SUSPENDED),
    ],
)
def test_why_nothing_can_be_rented(
    patient: Patient, err: BloomsmsError | None, expected: ErrorCode | None
) -> None:
    """While the account is refused, an order would be too: people are told so at once."""
    patient.hears(err)
    refusal = patient.health.refusal

    assert expected == (refusal.code if isinstance(refusal, ProviderSaysNo) else refusal)


def test_nothing_can_be_rented_in_silence(patient: Patient) -> None:
    """While the provider is away people are told so at once."""
    patient.hears(AWAY, for_s=15)

    assert isinstance(patient.health.refusal, ProviderAway)


async def test_whoever_asks_gets_a_fresh_answer(
    patient: Patient, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Who wants to know is not put off with an old answer: the provider is asked, once."""
    patient.hears(None)
    clock.move(29)
    patient.health.ask_after()
    await patient.passes()
    assert 0 == provider.count("balance")
    await patient.passes(10)

    assert 1 == provider.count("balance")


def test_when_it_last_answered(patient: Patient, clock: MovedClock) -> None:
    """A refusal is an answer, silence and our own limits are none."""
    assert patient.health.answered_at is None
    patient.hears(no(ErrorCode.NO_NUMBERS_AVAILABLE))
    answered_at = clock.monotonic()
    clock.move(5)
    for err in (AWAY, RateLimited(1.0), NotNoted("full")):
        patient.hears(err)

    assert answered_at == patient.health.answered_at
