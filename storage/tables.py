"""The tables as they were first made; what changed since stands in migrations.py.

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
