"""A row of `activations` as the business sees it."""

from datetime import datetime

from activations.model import PAST_STATES, Activation, Card, Kind, Number, Offer, State
from bloomsms.models import Sms, StatusChange
from storage.database import Row, to_dollars, to_time


def activation_of(row: Row, sms: tuple[Sms, ...], older_sms: int) -> Activation:
    return Activation(
        id=row["id"],
        offer=Offer(
            user_id=row["user_id"],
            service_code=row["service_code"],
            service_name=row["service_name"],
            country_id=row["country_id"],
            country_name=row["country_name"],
            price=to_dollars(row["offered_micros"]),
            kind=Kind(row["kind"]),
            source_id=row["source_id"],
        ),
        state=State(row["state"]),
        created_at=to_time(row["created_at_ms"]),
        changed_at=to_time(row["changed_at_ms"]),
        number=_number(row),
        card=Card(row["chat_id"], row["message_id"]) if row["message_id"] else None,
        waiting_since=_time_or_none(row["waiting_since_ms"]),
        asked_at=_time_or_none(row["asked_at_ms"]),
        rounds=row["rounds"],
        is_rearmed=bool(row["is_rearmed"]),
        wish=StatusChange(row["wish"]) if row["wish"] else None,
        card_shown=row["card_shown"],
        is_refund_confirmed=bool(row["is_refund_confirmed"]),
        is_refund_due=bool(row["is_refund_due"]),
        reason=row["reason"],
        sms=sms,
        older_sms=older_sms,
        last_change=StatusChange(row["last_change"]) if row["last_change"] else None,
        is_change_accepted=bool(row["is_change_accepted"]),
        is_before_owners=bool(row["is_before_owners"]),
        changed_seq=row["changed_seq"],
        token=row["token"] or "",
    )


def _number(row: Row) -> Number | None:
    """Shape: one whose id a later activation has is shown once it has ended, not before."""
    is_held = row["provider_id"] is not None
    is_past = row["former_provider_id"] is not None and State(row["state"]) in PAST_STATES
    if not is_held and not is_past:
        return None
    charged = row["charged_micros"]
    return Number(
        row["provider_id"] if is_held else row["former_provider_id"],
        row["phone_number"] or "",
        to_dollars(row["price_micros"]),
        to_time(row["expires_at_ms"]),
        None if charged is None else to_dollars(charged),
        row["given_service"],
        row["given_country"],
        is_other_phone=bool(row["is_other_phone"]),
        is_id_passed_on=not is_held,
    )


def _time_or_none(ms: int | None) -> datetime | None:
    return None if ms is None else to_time(ms)
