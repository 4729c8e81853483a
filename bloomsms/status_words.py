"""The words for a status: the documented ones and what other providers of the kind write. Pure."""

import re
from collections.abc import Mapping

from bloomsms.models import ProviderStatus

# In lower case, with `_` between their parts. A word whose meaning is not plain stays unknown.
WORDS: Mapping[ProviderStatus, str] = {
    ProviderStatus.WAITING: (
        "waiting wait pending active in_progress wait_code wait_sms wait_retry wait_resend"
        " waiting_code waiting_sms waiting_for_code waiting_for_sms"
        " status_wait_code status_wait_retry status_wait_resend"
    ),
    ProviderStatus.CODE_RECEIVED: (
        "code_received received sms_received message_received got_code got_sms status_ok"
    ),
    ProviderStatus.COMPLETED: "completed complete finished finish done",
    ProviderStatus.CANCELLED: (
        "cancelled canceled cancel cancellation cancelation refunded refund status_cancel"
    ),
    ProviderStatus.EXPIRED: "expired expire timeout time_out timed_out timedout",
}
MEANINGS = {word: status for status, words in WORDS.items() for word in words.split()}


def status_of(word: str) -> ProviderStatus:
    """What the word means; UNKNOWN for one that is not in the list."""
    return MEANINGS.get(re.sub(r"[\s_-]+", "_", word.strip().lower()), ProviderStatus.UNKNOWN)
