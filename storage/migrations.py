"""The tables, as an append-only list: a step that was released is never changed.

Units: `_ms` are milliseconds since 1970 in UTC, `_micros` are millionths of a US dollar.
"""

from storage.tables import (
    ACCOUNT,
    ACTIVATIONS,
    BY_CARD,
    CHARGED_SO_FAR,
    COUNTED_SO_FAR,
    DUPLICATES,
    FORMER_HOLDERS,
    LATER_HOLDERS,
    LISTS,
    NOTES,
    ONE_HOLDER_EACH,
    ONE_SWAP_EACH,
    OPEN_DUPLICATES,
    REQUESTS,
    SILENCE,
    SMS,
    UPDATES,
    USERS,
    USES,
    WRITE_CHECKS,
)

# The order in which states and balances came, whatever the clock said.
SEQUENCE = """
create table sequence (
    id integer primary key check (id = 1) default 1,
    value integer not null
) strict
"""

# Lost after the balance was read, as far as the times tell.
LOST_AFTER_THE_READING = """
update activations set changed_seq = 2
where state in ('uncertain', 'renting')
and changed_at_ms >= (select coalesce(min(read_at_ms), 0) from account)
"""

BY_LATE_LOOKS = """
create index activations_by_late_looks on activations (late_looks_left) where late_looks_left > 0
"""

BY_PHONE = """
create index activations_by_phone on activations (phone_number) where phone_number is not null
"""

# Numbers that have ended just now are still to be looked at for a late code.
ENDED_JUST_NOW = """
update activations set late_looks_left = 3
where state in ('cancelled', 'expired') and provider_id is not null
and changed_at_ms >= (strftime('%s', 'now') - 720) * 1000
"""

# By the machine's monotonic clock; what was noted by the wall clock belongs to no boot.
REQUESTS_OF_A_BOOT = """
create table requests_of_a_boot (
    id integer primary key autoincrement,
    boot text not null default '',
    opened_ms integer not null,
    closed_ms integer,
    is_poll integer not null
) strict
"""

REQUESTS_OF_NO_BOOT = """
insert into requests_of_a_boot (boot, opened_ms, is_poll)
select 'not noted', 0, is_poll from requests
where opened_at_ms >= (select max(opened_at_ms) from requests) - 120000
"""

SILENCE_OF_A_BOOT = """
create table silence_of_a_boot (
    id integer primary key check (id = 1),
    boot text not null,
    until_ms integer not null,
    asked_ms integer not null
) strict
"""

SILENCE_OF_NO_BOOT = """
insert into silence_of_a_boot (id, boot, until_ms, asked_ms)
select 1, 'not noted', 0, min(until_ms - strftime('%s', 'now') * 1000, 3600000) from silence
where until_ms > strftime('%s', 'now') * 1000
"""

# An id may be given anew once a database was lost; a token is not. 96 bits from SQLite's generator.
TOKENS = """
update activations set token = lower(hex(randomblob(12))),
    is_from_before = state in ('waiting', 'code_received', 'renting', 'uncertain')
"""

# `begun` counts orders and only rises; `lost` is the newest one that a restored copy does not have,
# until an owner opens renting again.
ORDER_COUNT = """
create table order_count (
    id integer primary key check (id = 1),
    begun integer not null,
    lost integer,
    expected_micros integer
) strict
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        USERS,
        ACTIVATIONS,
        "create index activations_by_state on activations (state, changed_at_ms)",
        "create index activations_by_user on activations (user_id, state, id)",
        "create index activations_by_provider_id on activations (provider_id)",
        ONE_SWAP_EACH,
        SMS,
        NOTES,
        "create index notes_by_status on notes (status, rank, due_at_ms)",
        REQUESTS,
        "create index requests_by_time on requests (opened_at_ms)",
        UPDATES,
        "create index updates_by_status on updates (status, due_at_ms)",
    ),
    (
        ACCOUNT,
        "alter table activations add column is_refund_due integer not null default 0",
        "create index activations_by_refund on activations (is_refund_due) where is_refund_due",
    ),
    (LISTS,),
    (WRITE_CHECKS,),
    (SILENCE,),
    # How long each SMS was probably waited for; null when nobody was waiting.
    ("alter table sms add column waited_ms integer",),
    (
        USES,
        COUNTED_SO_FAR,
        BY_CARD,
    ),
    (
        SEQUENCE,
        "insert into sequence (value) values (2)",
        "alter table account add column read_seq integer not null default 1",
        "alter table activations add column changed_seq integer not null default 0",
        LOST_AFTER_THE_READING,
        "alter table activations add column last_change text not null default ''",
        "alter table activations add column is_change_accepted integer not null default 0",
        "alter table activations add column is_before_owners integer not null default 0",
        "alter table activations add column late_looks_left integer not null default 0",
        ENDED_JUST_NOW,
        BY_LATE_LOOKS,
        BY_PHONE,
        "create index notes_by_word on notes (words) where kind = 'owner_word'",
    ),
    (
        REQUESTS_OF_A_BOOT,
        REQUESTS_OF_NO_BOOT,
        "drop table requests",
        "alter table requests_of_a_boot rename to requests",
        "create index requests_by_boot on requests (boot, opened_ms)",
        SILENCE_OF_A_BOOT,
        SILENCE_OF_NO_BOOT,
        "drop table silence",
        "alter table silence_of_a_boot rename to silence",
        # How long each was to wait at most: what lies further ahead is due.
        "alter table notes add column delay_ms integer not null default 0",
        "alter table updates add column delay_ms integer not null default 0",
    ),
    (
        "alter table activations add column former_provider_id text",
        DUPLICATES,
        f"insert into duplicates select id from activations where {LATER_HOLDERS}",
        FORMER_HOLDERS,
        OPEN_DUPLICATES,
        "drop index activations_by_provider_id",
        ONE_HOLDER_EACH,
        "alter table activations add column charged_micros integer check (charged_micros >= 0)",
        CHARGED_SO_FAR,
        "alter table activations add column given_service text not null default ''",
        "alter table activations add column given_country text not null default ''",
        "alter table activations add column is_other_phone integer not null default 0",
        "alter table activations add column is_mismatch_told integer not null default 0",
    ),
    (
        "alter table activations add column token text",
        "alter table activations add column is_from_before integer not null default 0",
        TOKENS,
        "create unique index activations_by_token on activations (token)",
    ),
    (
        ORDER_COUNT,
        "insert into order_count (id, begun) select 1, coalesce(max(id), 0) from activations",
    ),
    ("alter table notes add column pieces_sent integer not null default 0",),
)
