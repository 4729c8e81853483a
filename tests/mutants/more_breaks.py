"""More breaks on purpose: who gets in, whose code it is, what a clock may do.

The same rules as in breaks.py, which lists them all.
"""

from tests.mutants.model import Break

MORE_BREAKS = (
    Break(
        "a verdict that cannot be had lets pass",
        "handlers/authorization.py",
        "        verdict = await self.desk.access.knock(user.id, name)\n",
        "        try:\n"
        "            verdict = await self.desk.access.knock(user.id, name)\n"
        "        except Exception:\n"
        "            verdict = Verdict(frozenset(Right))\n",
        ("tests/e2e/test_access.py::test_a_verdict_that_cannot_be_had",),
    ),
    Break(
        "a handler runs when its refusal cannot be told",
        "handlers/authorization.py",
        "            await _attempt(update, self._refuse(update, user.id, verdict))\n"
        "            return\n",
        "            try:\n"
        "                return await self._refuse(update, user.id, verdict)\n"
        "            except TelegramError as err:\n"
        "                log.info(err)\n",
        ("tests/e2e/test_access.py::test_a_refusal_that_fails_opens_nothing",),
    ),
    Break(
        "a refusal that cannot be told counts as a failure",
        "handlers/authorization.py",
        "            await _attempt(update, self._refuse(update, user.id, verdict))\n",
        "            await self._refuse(update, user.id, verdict)\n",
        ("tests/e2e/test_access.py::test_a_refusal_that_fails_opens_nothing",),
    ),
    Break(
        "a handler may state no right",
        "handlers/authorization.py",
        '                raise TypeError(f"{handler!r} states no right")\n',
        "                continue\n",
        ("tests/handlers/test_authorization.py::test_a_handler_without_a_right",),
    ),
    Break(
        "a grant holds for other updates too",
        "handlers/authorization.py",
        "    return grant.rights if grant and grant.update is update else NOTHING\n",
        "    return grant.rights if grant else NOTHING\n",
        ("tests/handlers/test_authorization.py::test_a_grant_is_of_one_update",),
    ),
    Break(
        "money is spent without a look at the standing",
        "activations/rentals.py",
        "    if usage.standing not in limits.standings:\n",
        "    if usage.held < 0:\n",
        (
            "tests/activations/test_rentals.py::test_the_right_is_read_where_money_is_spent",
            "tests/activations/test_rentals.py::test_a_swap_without_the_right",
        ),
    ),
    Break(
        "a number is cancelled for another that may not be rented",
        "activations/rentals.py",
        "            offer, self._clock.now(), lambda usage: _check_standing(usage, limits)\n",
        "            offer, self._clock.now()\n",
        ("tests/activations/test_rentals.py::test_a_swap_without_the_right",),
    ),
    Break(
        "people who were removed lose their open numbers",
        "people/access.py",
        "        rights = frozenset({Right.FOLLOW} if is_holding else ())\n",
        "        rights = frozenset({Right.FOLLOW} if not is_holding else ())\n",
        ("tests/people/test_access.py::test_numbers_may_be_followed_to_their_end",),
    ),
    Break(
        "drop the owner check",
        "handlers/pressed.py",
        "    if found.user_id != user_of(update):\n        raise NotFound\n",
        "",
        ("tests/e2e/test_tokens.py::test_token_of_another_person",),
    ),
    Break(
        "drop the owner check of the use cases",
        "activations/endings.py",
        "        if activation is None or activation.user_id != user_id:\n",
        "        if activation is None:\n",
        ("tests/activations/test_rentals.py::test_another_persons_offer",),
    ),
    Break(
        "spend for a Rent from another message",
        "activations/rentals.py",
        "        if activation.card not in (None, card):\n",
        "        if activation.card is card is None:\n",
        ("tests/activations/test_rentals.py::test_confirm_from_another_message",),
    ),
    Break(
        "believe the id of an old button",
        "storage/activations.py",
        '"id = ? and is_from_before"',
        '"id = ?"',
        ("tests/storage/test_tokens.py::test_rows_from_before",),
    ),
    Break(
        "let an old Rent spend",
        "handlers/rent.py",
        "        if not press_of(update).has_token:\n"
        "            await self._rent_without_token(update)\n"
        "            return\n"
        "        offered, place = await owned(self._desk, update), _place(update)\n",
        "        press, place = press_of(update), _place(update)\n"
        "        offered = (\n"
        "            await owned(self._desk, update)\n"
        "            if press.has_token\n"
        "            else await self._desk.rentals.owned(user_of(update), press.id())\n"
        "        )\n",
        ("tests/e2e/test_tokens.py::test_old_rent_never_spends",),
    ),
    Break(
        "rent with a restored database",
        "activations/rentals.py",
        "        if await self._store.lost_order() is not None:\n",
        "        if await self._store.lost_order() == 0:\n",
        ("tests/activations/test_rentals.py::test_nothing_is_rented_while_closed",),
    ),
    Break(
        "keep the presses of a restored database",
        "storage/restored.py",
        "        await _withdraw(db, is_spending, now)\n",
        "",
        ("tests/storage/test_restored.py::test_restored_copy_closes",),
    ),
    Break(
        "believe an answer about another number",
        "activations/inspection.py",
        "        await self.must_match(activation, seen)\n",
        "",
        ("tests/activations/test_foreign_answers.py::test_an_answer_about_another_number",),
    ),
    Break(
        "take a wish as done that was answered for another number",
        "activations/endings.py",
        "            await self._inspector.must_match(activation, changed)\n",
        "",
        ("tests/activations/test_foreign_answers.py::test_a_wish_answered_for_another_number",),
    ),
    Break(
        "give one order's number to another order",
        "storage/holders.py",
        "        if State(state) not in PAST_STATES or not await _is_rented_again(",
        "        if False and not await _is_rented_again(",
        ("tests/storage/test_holders.py::test_an_id_that_another_row_holds",),
    ),
    Break(
        "let a person pay more than was shown",
        "activations/orders.py",
        "min(rental.price, offer.price)",
        "rental.price",
        ("tests/activations/test_foreign_answers.py::test_more_was_taken_than_shown",),
    ),
    Break(
        "go on comparing the balance after an overcharge",
        "activations/orders.py",
        "        if after.is_overcharged:\n            await self._books.blur()\n",
        "",
        ("tests/activations/test_foreign_answers.py::test_more_was_taken_than_shown",),
    ),
    Break(
        "rent for nothing",
        "activations/rentals.py",
        "    if price < LEAST_PRICE:\n        raise OutOfStock\n",
        "",
        ("tests/activations/test_foreign_answers.py::test_an_old_offer_for_nothing",),
    ),
    Break(
        "an order that nothing settles is shown to no owner",
        "activations/books.py",
        "        for order in overdue if self._owner_ids else ():\n",
        "        for order in overdue[:0]:\n",
        ("tests/activations/test_books.py::test_an_order_before_any_balance_is_put_before_owners",),
    ),
    Break(
        "believe one answer about an end",
        "activations/doubts.py",
        "ENDS, ENDS_OVER = 4, timedelta(seconds=60)\n",
        "ENDS, ENDS_OVER = 1, timedelta(0)\n",
        ("tests/activations/test_inspection.py::test_an_end_nobody_asked_for",),
    ),
    Break(
        "a refused cancel counts as one that was asked for",
        "activations/endings.py",
        "            await self._forget_wish(activation)\n        except RateLimited",
        "        except RateLimited",
        ("tests/activations/test_endings.py::test_the_look_decides_about_a_cancel",),
    ),
    Break(
        "an accepted cancel is forgotten by a restart",
        "activations/endings.py",
        "        await self._store.mark_accepted(activation.id, wish)\n",
        "",
        ("tests/activations/test_endings.py::test_the_look_decides_about_a_cancel",),
    ),
    Break(
        "tell an old SMS as new after one look",
        "activations/doubts.py",
        "REPEATS, REPEATS_OVER = 3, timedelta(seconds=15)\n",
        "REPEATS, REPEATS_OVER = 1, timedelta(0)\n",
        ("tests/activations/test_inspection.py::test_a_stale_sms_and_the_true_one",),
    ),
    Break(
        "ask for another SMS without a look",
        "activations/endings.py",
        "        if len(before.sms) > len(activation.sms):\n",
        "        if before.sms == ():\n",
        ("tests/activations/test_endings.py::test_an_sms_there_before_another_is_asked_for",),
    ),
    Break(
        "give a number up at its end",
        "activations/doubts.py",
        "        return asked - since >= GRACE_AFTER_EXPIRY\n",
        "        return asked >= since\n",
        ("tests/activations/test_inspection.py::test_the_grace_after_the_end",),
    ),
    Break(
        "an order from before the reading counts",
        "activations/books.py",
        "            and since <= a.changed_seq\n",
        "",
        ("tests/activations/test_books.py::test_an_order_before_the_first_reading",),
    ),
    Break(
        "an order lost before a restart was not charged",
        "activations/books.py",
        " and self._sights.saw_it_begin(activation.id)\n",
        "\n",
        ("tests/activations/test_books.py::test_after_a_restart",),
    ),
    Break(
        "lose a number whose phone cannot be read",
        "bloomsms/answers.py",
        '        phone_number=read_phone(members.get("phone_number")),\n',
        '        phone_number=_id(read_phone(members.get("phone_number")), "phone_number"),\n',
        ("tests/bloomsms/test_answers.py::test_an_id_is_a_number_in_hand",),
    ),
    Break(
        "do not ask at once about a number not shown",
        "activations/rentals.py",
        "        return await self._endings.show_phone(await self._orders.place(activation))\n",
        "        return await self._orders.place(activation)\n",
        ("tests/activations/test_numbers_not_shown.py::test_it_is_asked_about_at_once",),
    ),
    Break(
        "forget a phone number that was learned",
        "storage/steps.py",
        "phone_number = coalesce(nullif(?, ''), phone_number),",
        "phone_number = ?,",
        ("tests/activations/test_numbers_not_shown.py::test_a_step_from_an_older_row",),
    ),
    Break(
        "take masked digits for a number",
        "bloomsms/phones.py",
        '"" if HIDDEN.search(plain) else re.sub(',
        "re.sub(",
        ("tests/bloomsms/test_phones.py::test_not_known",),
    ),
    Break(
        "rent while amounts are in another currency",
        "activations/health.py",
        "        if self.condition is Condition.CURRENCY:\n",
        "        if False:\n",
        ("tests/activations/test_currency.py::test_it_closes_renting",),
    ),
    Break(
        "take another currency for dollars",
        "bloomsms/amounts.py",
        "    if word != DOLLARS:\n",
        "    if False:\n",
        ("tests/bloomsms/test_amounts.py::test_another_currency",),
    ),
    Break(
        "settle orders by a balance in another currency",
        "activations/books.py",
        " and read.is_in_dollars:",
        ":",
        ("tests/activations/test_currency.py::test_the_books_do_not_compare_it",),
    ),
    Break(
        "round a price down",
        "bloomsms/amounts.py",
        "MICRO, ROUND_CEILING)",
        "MICRO, ROUND_HALF_EVEN)",
        ("tests/bloomsms/test_amounts.py::test_rounding_of_prices",),
    ),
    Break(
        "believe a redirect",
        "bloomsms/wire.py",
        "    if is_redirect(http_status):\n",
        "    if False:\n",
        ("tests/bloomsms/test_client.py::test_a_redirect_is_told",),
    ),
    Break(
        "follow a redirect",
        "bloomsms/client.py",
        "                    allow_redirects=False,\n",
        "",
        ("tests/bloomsms/test_client.py::test_a_redirect_is_not_followed",),
    ),
    Break(
        "lose an answer behind long headers",
        "bloomsms/client.py",
        "            max_field_size=LARGEST_HEADER,\n",
        "",
        ("tests/bloomsms/test_client.py::test_long_headers",),
    ),
    Break(
        "tell only the newest of several SMS",
        "activations/inspection.py",
        "        before = await self._take_in_earlier(before, seen, told)\n",
        "",
        ("tests/activations/test_several_sms.py::test_each_is_told_in_order",),
    ),
    Break(
        "act on a press without a message",
        "handlers/inline_presses.py",
        "            raise ApplicationHandlerStop\n",
        "            pass\n",
        ("tests/e2e/test_odd_messages.py::test_an_inline_press_spends_nothing",),
    ),
    Break(
        "fight for the webhook for ever",
        "handlers/webhook_guard.py",
        "        if len(self._changed_at) > MOST_CHANGES:\n",
        "        if len(self._changed_at) > 1_000_000:\n",
        ("tests/handlers/test_webhook_guard.py::test_the_fourth_in_ten_minutes",),
    ),
    Break(
        "send the pieces of a text again",
        "handlers/messenger.py",
        "            if number < note.pieces_sent:\n",
        "            if number < 0:\n",
        ("tests/handlers/test_messenger.py::test_a_long_text_goes_on",),
    ),
    Break(
        "let half a surrogate pair through",
        "handlers/readable.py",
        "    return ESCAPES.sub(",
        "    return text or ESCAPES.sub(",
        ("tests/handlers/test_readable.py::test_half_a_pair",),
    ),
    Break(
        "take a group for an owner",
        "setting_rules.py",
        "    if int(text) < 0:\n",
        "    if int(text) < -(2**60):\n",
        ("tests/test_settings.py::test_ids_of_no_person",),
    ),
    Break(
        "ignore a misspelt limit",
        "settings.py",
        "if pair[1] not in held]",
        "if pair[1] in held]",
        ("tests/test_settings.py::test_a_misspelt_name",),
    ),
    Break(
        "take a comment for a part of a value",
        "environment.py",
        "    if COMMENT.search(text):\n",
        "    if False:\n",
        ("tests/test_settings.py::test_what_cannot_be_meant_is_refused",),
    ),
    Break(
        "start on a database that can only be read",
        "storage/database.py",
        "        if requirements.keeps_from_writing(err):\n",
        "        if False:\n",
        ("tests/storage/test_database.py::test_a_file_that_may_not_be_written",),
    ),
)
