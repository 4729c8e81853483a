"""The tables, as an append-only list: a step that was released is never changed.

Units: `_ms` are milliseconds since 1970 in UTC, `_micros` are millionths of a US dollar.
"""

USERS = """
create table users (
    user_id integer primary key,
    name text not null,
    standing text not null,
    met_at_ms integer not null,
    decided_at_ms integer
) strict
"""

ACTIVATIONS = """
create table activations (
    id integer primary key autoincrement,
    user_id integer not null,
    service_code text not null,
    service_name text not null,
    country_id text not null,
    country_name text not null,
    offered_micros integer not null check (offered_micros >= 0),
    kind text not null,
    source_id integer references activations (id),
    state text not null,
    created_at_ms integer not null,
    changed_at_ms integer not null,
    provider_id text,
    phone_number text,
    price_micros integer check (price_micros >= 0),
    expires_at_ms integer,
    chat_id integer,
    message_id integer,
    waiting_since_ms integer,
    asked_at_ms integer,
    rounds integer not null default 1,
    is_rearmed integer not null default 1,
    wish text not null default '',
    card_shown text not null default '',
    is_refund_confirmed integer not null default 0,
    reason text not null default ''
) strict
"""

ONE_SWAP_EACH = """
create unique index one_swap_each on activations (source_id)
where kind = 'instead' and state <> 'withdrawn'
"""

SMS = """
create table sms (
    id integer primary key autoincrement,
    activation_id integer not null references activations (id),
    round integer not null,
    code text not null,
    full_text text not null,
    received_at_ms integer not null,
    unique (activation_id, round, code, full_text)
) strict
"""

NOTES = """
create table notes (
    id integer primary key autoincrement,
    kind text not null,
    rank integer not null,
    user_id integer not null,
    activation_id integer references activations (id),
    sms_id integer unique references sms (id),
    words text not null,
    status text not null,
    created_at_ms integer not null,
    due_at_ms integer not null,
    attempts integer not null default 0,
    settled_at_ms integer
) strict
"""

REQUESTS = """
create table requests (
    id integer primary key autoincrement,
    opened_at_ms integer not null,
    closed_at_ms integer,
    is_poll integer not null
) strict
"""

UPDATES = """
create table updates (
    update_id integer primary key,
    bot_id integer not null,
    body text not null,
    status text not null,
    attempts integer not null default 0,
    received_at_ms integer not null,
    due_at_ms integer not null
) strict
"""

ACCOUNT = """
create table account (
    id integer primary key check (id = 1) default 1,
    expected_micros integer not null,
    read_at_ms integer not null
) strict
"""

LISTS = """
create table lists (
    kind text not null,
    key text not null,
    body text not null,
    asked_at_ms integer not null,
    primary key (kind, key)
) strict
"""

WRITE_CHECKS = """
create table write_checks (
    id integer primary key check (id = 1),
    at_ms integer not null
) strict
"""

SILENCE = """
create table silence (
    id integer primary key check (id = 1),
    until_ms integer not null
) strict
"""

USES = """
create table uses (
    user_id integer not null,
    kind text not null,
    ref text not null,
    times integer not null,
    primary key (user_id, kind, ref)
) strict, without rowid
"""

# Everybody's stand under 0.
COUNTED_SO_FAR = """
insert into uses (user_id, kind, ref, times)
select 0, 'country', country_id, count(*)
from activations where provider_id is not null group by country_id
union all
select 0, 'service', service_code, count(*)
from activations where provider_id is not null group by service_code
union all
select user_id, 'country', country_id, count(*)
from activations where provider_id is not null group by user_id, country_id
union all
select user_id, 'service', service_code, count(*)
from activations where provider_id is not null group by user_id, service_code
"""

# An id that two rows hold stays with the oldest; the others keep it as their former one.
LATER_HOLDERS = """
provider_id is not null and exists (
    select 1 from activations as older
    where older.provider_id = activations.provider_id and older.id < activations.id
)
"""

# Rows whose id turned out to be another's, until owners and people are told.
DUPLICATES = "create table duplicates (activation_id integer primary key) strict"

FORMER_HOLDERS = """
update activations set former_provider_id = provider_id, provider_id = null
where id in (select activation_id from duplicates)
"""

# Which of two people an open number is of is not known: such orders go to the owners.
OPEN_DUPLICATES = """
update activations set state = 'uncertain', reason = 'charged', wish = ''
where state in ('waiting', 'code_received') and id in (select activation_id from duplicates)
"""

# What is paid is never above the price shown; what the provider took stands beside it.
CHARGED_SO_FAR = """
update activations set charged_micros = price_micros,
    price_micros = min(price_micros, offered_micros)
where price_micros <> offered_micros
"""

ONE_HOLDER_EACH = """
create unique index activations_by_provider_id on activations (provider_id)
where provider_id is not null
"""

BY_CARD = """
create index activations_by_card on activations (chat_id, message_id) where chat_id is not null
"""

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
)
