"""Which currency an amount is in, pure. The API text knows US dollars only."""

import re
import unicodedata

from bloomsms.models import DOLLARS
from bloomsms.wire import Json

LONGEST_WORD = 12
OUR_NAMES = frozenset({"USD", "$", "US$", "USD$", "$USD", "US DOLLAR", "US DOLLARS", "DOLLARS"})
SIGNS = {"€": "EUR", "£": "GBP", "₽": "RUB", "₴": "UAH", "₹": "INR", "₦": "NGN", "₺": "TRY"}
# Words that stand beside an amount and are a currency; any other word makes it unreadable.
NAMES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RUR RWF SAR SBD SCR SDG SEK
    SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX UYU UZS VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG BTC ETH LTC TON TRX USDC USDT
    EURO EUROS GRN KR NAIRA RMB RP RS RUBLE RUBLES RUPEES YUAN ZŁ ГРН РУБ
"""
CODES = frozenset(NAMES.split()) | {"\N{CYRILLIC CAPITAL LETTER ER}"}
OTHER_DOLLARS = re.compile(r"[A-Z]{1,3}\$")


def currency_of(value: Json) -> str:
    """What a field named currency says: a word in upper case; US dollars where it says nothing."""
    if not isinstance(value, str) or not value.strip():
        return DOLLARS
    word = " ".join(unicodedata.normalize("NFKC", value).upper().split())
    if word in OUR_NAMES:
        return DOLLARS
    printable = "".join(c for c in SIGNS.get(word, word) if c.isprintable())
    return printable[:LONGEST_WORD]


def currency_word(beside: str) -> str | None:
    """The currency that stands beside an amount; None when the word names none."""
    word = beside.upper().rstrip(".")
    if word in OUR_NAMES:
        return DOLLARS
    is_sign = len(word) == 1 and unicodedata.category(word) == "Sc"
    if is_sign or word in CODES or OTHER_DOLLARS.fullmatch(word):
        return SIGNS.get(word, word)
    return None
