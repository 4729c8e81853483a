"""A certificate that cannot be checked is told with its store and its setting."""

import ssl

import pytest
from telegram.error import NetworkError

import tls
from bloomsms.errors import NotSent
from telegram_http import TelegramHttp
from tests.bloomsms.caller import calling
from tests.self_signed import self_signed_server

SECRET = "1234567:s3cret"


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/all.pem")
    monkeypatch.setenv("SSL_CERT_DIR", "/")


def wrong(setting: str) -> str:
    return (
        f"the TLS certificate of {setting} cannot be checked: self-signed certificate; trusted"
        " are those in /nowhere/all.pem, which is missing (SSL_CERT_FILE) and / (SSL_CERT_DIR)"
    )


async def test_telegrams_certificate() -> None:
    """The error names store and setting, and not the token."""
    async with self_signed_server() as address, TelegramHttp(1) as http:
        with pytest.raises(NetworkError) as caught:
            await http.do_request(f"{address}/bot{SECRET}/getMe", "POST")

    assert wrong("TELEGRAM_BASE_URL") == str(caught.value)


async def test_the_providers_certificate() -> None:
    """The error names store and setting, and the request certainly never left."""
    async with self_signed_server() as address, calling(address) as caller:
        with pytest.raises(NotSent) as caught:
            await caller.once.balance()

    assert wrong("BLOOMSMS_BASE_URL") == str(caught.value)


async def test_an_order_to_an_uncheckable_certificate() -> None:
    """An order is as certainly not sent."""
    async with self_signed_server() as address, calling(address) as caller:
        with pytest.raises(NotSent):
            await caller.client.re_rent("38496653")


@pytest.mark.parametrize(
    ("err", "words"),
    [(ssl.SSLError(1, "x"), "SSLError"), (OSError(), "OSError")],
)
def test_other_failures(err: OSError, words: str) -> None:
    """What is not about the certificate names the setting all the same."""
    assert f"no TLS connection to BLOOMSMS_BASE_URL: {words}" == tls.reason(
        err, "BLOOMSMS_BASE_URL"
    )
