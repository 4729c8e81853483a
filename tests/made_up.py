"""Made-up facts with defaults; a test changes what it is about with `dataclasses.replace`."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from activations.model import Activation, Card, Kind, Number, Offer, State
from bloomsms.models import ActivationStatus, ProviderStatus, Rental, Sms
from tests.moved_clock import START

ANN = 2001
BOB = 2002
OLGA = 1000  # an owner

TOKEN = "q3_Zk-9fWmB0xTyu"
PRICE = Decimal("0.55")
CARD = Card(ANN, 17)
SMS = Sms("852508", "Your WhatsApp code is 852508")
ANOTHER_SMS = Sms("114477", "Your WhatsApp code is 114477")
OFFER = Offer(ANN, "wa", "WhatsApp", "187", "United States", PRICE)
NUMBER = Number("38496653", "+19001234567", PRICE, START + timedelta(minutes=20))
RENTAL = Rental("38496653", "+19001234567", PRICE, NUMBER.expires_at)

# An outside string that must arrive to the letter.
NASTY = "Tom & Jerry <b>Ltd</b>"

NUMBERED = frozenset(State) - {
    State.INTENT, State.RENTING, State.UNCERTAIN, State.REFUSED, State.WITHDRAWN,
}  # fmt: skip


def in_state(state: State) -> Activation:
    """An activation as it usually stands in that state."""
    activation = Activation(7, OFFER, state, START, START, card=CARD, token=TOKEN)
    if state in NUMBERED:
        activation = replace(activation, number=NUMBER, waiting_since=START)
    if state in (State.CODE_RECEIVED, State.COMPLETED):
        activation = replace(activation, sms=(SMS,))
    return activation


WAITING = in_state(State.WAITING)
AGAIN = replace(OFFER, kind=Kind.AGAIN, source_id=7)


def seen(
    status: ProviderStatus = ProviderStatus.WAITING, sms: Sms | None = None
) -> ActivationStatus:
    """What a look at the provider shows."""
    return ActivationStatus(status, status.value, sms)
