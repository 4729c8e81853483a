"""Breaks on purpose: a text of ours replaced by a worse one, and the tests that must see it.

Source: the end of the fault catalogue, and what else would cost money or a code.
"""

from tests.mutants.model import Break
from tests.mutants.more_breaks import MORE_BREAKS

CRASHES = "tests/crash/test_kills.py::test_killed_at_every_point[Story-40]"


# Records the webhook's own SMS instead of looking for it.
TRUST = """
        async def believe(number: str, sms: object) -> None:
            from activations.doubts import Weighed
            from activations.observation import observe
            from activations.model import State
            from bloomsms.models import ActivationStatus, ProviderStatus
            now = house.desk.clock.now()
            seen = ActivationStatus(ProviderStatus.CODE_RECEIVED, "code_received", sms)
            for one in await house.desk.store.in_states(frozenset({State.WAITING})):
                if one.number and one.number.provider_id == number:
                    found = observe(one, seen, now, Weighed(sms))
                    await house.desk.store.record(one, found.after, found.drafts, now, found.sms)

        def read(body: bytes) -> None:
            said = answers.read_webhook(body)
            house.application.create_task(believe(said.activation_id, said.sms))

        yield BloomsmsWebhook(secret, read, house.hints)
"""

BREAKS = (
    *MORE_BREAKS,
    Break(
        "PTB's default misfire grace for a one-off job",
        "passes.py",
        '            options = {"misfire_grace_time": None}\n',
        "            options: dict[str, object] = {}\n",
        ("tests/test_passes.py::test_a_start_that_was_held_up",),
    ),
    Break(
        "forget the request log when the clock is set",
        "storage/requests.py",
        "        return max(0.0, (self._now_ms() - closed_ms) / 1000)\n",
        "        return max(0.0, time.time() - closed_ms / 1000)\n",
        ("tests/storage/test_request_rows.py::test_a_restart_remembers",),
    ),
    Break(
        "hold back what is due further ahead than it was to wait",
        "storage/notes.py",
        " or due_at_ms > ?1 + delay_ms)",
        ")",
        ("tests/storage/test_note_rows.py::test_a_clock_that_was_set_back",),
    ),
    Break(
        "trust the webhook's text",
        "wiring.py",
        "\n        yield BloomsmsWebhook(secret, _read_hint, house.hints)\n",
        TRUST,
        ("tests/e2e/test_catalogue_webhooks.py::test_forged_code_is_never_shown",),
    ),
    Break(
        "repeat the order on a time-out",
        "bloomsms/client.py",
        "        except Unreadable as err:\n"
        '            raise OutcomeUnknown(f"{request.method}: {err}") from err\n'
        "        except Refused",
        "        except Unreadable:\n"
        "            return await self._request(request)\n"
        "        except Refused",
        ("tests/e2e/test_faults.py::test_unreadable_answers_to_an_order",),
    ),
    Break(
        "confirm the offset before the commit",
        "handlers/keeping_bot.py",
        "            await asyncio.shield("
        "self._inbox.keep_written(self.id, updates, unreadable))\n",
        "            keep = self._inbox.keep_written(self.id, updates, unreadable)\n"
        "            asyncio.get_running_loop().call_later(1.5, asyncio.ensure_future, keep)\n",
        (CRASHES,),
        only="/rent: before sendMessage",
    ),
    Break(
        "refund by our own clock",
        "activations/observation.py",
        "    if weighed.is_given_up and not is_told:\n"
        "        return replace(_moved(before, State.EXPIRED, now),"
        " is_refund_due=not before.sms)\n",
        "    if before.number and now >= before.number.expires_at:\n"
        "        return _ended(before, has_code=bool(before.sms), now=now)\n",
        (
            "tests/activations/test_observation.py::test_given_up",
            "tests/activations/test_inspection.py::test_the_grace_after_the_end",
        ),
    ),
    Break(
        "say at once that nothing was charged",
        "activations/books.py",
        "in proof.free and age >= FREE_AFTER:",
        "in proof.free:",
        ("tests/activations/test_books.py::test_a_charge_that_comes_late",),
    ),
    Break(
        "give a number to one of two people",
        "activations/adoption.py",
        "[0] if len(people) == 1 else None",
        "[0] if people else None",
        ("tests/activations/test_hints.py::test_lost_orders_of_two_people",),
    ),
    Break(
        "drop the HTML escaping",
        "handlers/formats.py",
        "    return escape_html(visible, quote=False)\n",
        "    return visible\n",
        ("tests/e2e/test_people.py::test_names_are_shown_to_the_letter",),
    ),
    Break(
        "a leaky bucket as the limiter",
        "bloomsms/budget.py",
        "        self._frees_at_s.append(self._time_s() + self._held_s)\n",
        "        last_s = self._frees_at_s[-1] if self._frees_at_s else self._time_s()\n"
        "        self._frees_at_s.append(last_s + self._held_s / self.limit)\n",
        ("tests/bloomsms/test_budget.py", "tests/bloomsms/test_budget_any_traffic.py"),
    ),
    Break(
        "no share of the requests for each person",
        "bloomsms/budget.py",
        "        if standing >= self._largest_share:\n",
        "        if standing >= self.limit:\n",
        ("tests/bloomsms/test_shares.py::test_one_person_may_use_half_of_the_window",),
    ),
    Break(
        "synchronous=NORMAL",
        "storage/database.py",
        '"synchronous = full"',
        '"synchronous = normal"',
        (
            "tests/storage/test_power_cut.py::test_committed_is_on_the_disk",
            "tests/storage/test_power_cut.py::test_an_order_is_on_the_disk_before_it_leaves",
        ),
    ),
    Break(
        "an order of unknown outcome counts as not sent",
        "activations/orders.py",
        "        except NotSent as err:\n",
        "        except (NotSent, OutcomeUnknown) as err:\n",
        ("tests/e2e/test_faults.py::test_502_to_an_order_is_unknown",),
    ),
    Break(
        "begin without its guard",
        "storage/activations.py",
        "                \" reason = '' where id = ? and state = ?\",\n"
        "                (State.RENTING.value, to_ms(now), activation.id, State.INTENT.value),\n",
        "                \" reason = '' where id = ? and ? <> state\",\n"
        '                (State.RENTING.value, to_ms(now), activation.id, "none"),\n',
        ("tests/activations/test_rentals.py::test_twenty_presses_at_once",),
    ),
    Break(
        "settle a note before it is sent",
        "activations/outbox.py",
        "        try:\n            delivery = await self._messenger.deliver(note, activation)\n",
        "        sent = Delivery(Outcome.SENT)\n"
        "        await self._outbox.settle(note, sent, self._clock.now(), timedelta())\n"
        "        try:\n            delivery = await self._messenger.deliver(note, activation)\n",
        (CRASHES,),
        only="a pass: before sendMessage",
    ),
    Break(
        "deliver a note without claiming it",
        "storage/notes.py",
        "update notes set status = 'claimed', attempts",
        "update notes set attempts",
        ("tests/activations/test_outbox_pass.py::test_two_passes_at_once",),
    ),
    Break(
        "a restart leaves claimed notes to their lease",
        "bot.py",
        "            await house.desk.notes.release_claims(house.desk.clock.now())\n",
        "",
        (CRASHES,),
        only="a pass: before sendMessage",
    ),
    Break(
        "a restart forgets orders without an answer",
        "bot.py",
        "            await house.desk.rentals.recover()\n",
        "",
        (CRASHES,),
        only="after POST /activations has left",
    ),
    Break(
        "a restart repeats orders without an answer",
        "activations/rentals.py",
        "            await self._orders.lose(activation, ",
        "            await self._orders.place(activation) and str(",
        (CRASHES,),
        only="after POST /activations has left",
    ),
    Break(
        "the card's state without the note that tells it",
        "activations/orders.py",
        "        now, drafts = self._clock.now(), self._news_of(after)\n",
        "        now, drafts = self._clock.now(), self._news_of(after)[1:]\n",
        ("tests/e2e/test_rent.py::test_whole_story",),
    ),
    Break(
        "two processes on one database",
        "storage/database.py",
        "            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)\n",
        ("tests/storage/test_database.py::test_two_at_once",),
    ),
    Break(
        "secrets in the log",
        "logs.py",
        "            text = text.replace(secret, HIDDEN)\n",
        "            text = text.replace(secret, secret)\n",
        ("tests/test_logs.py::test_secrets_are_hidden",),
    ),
)
