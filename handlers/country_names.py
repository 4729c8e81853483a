"""Which country a name means, however the provider spells it. Pure.

A name without a flag does less harm than one with another country's: what is not certain is
nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

# What providers call a country, where the CLDR has another English name.
OTHER_NAMES = {
    "AE": ("uae", "emirates"), "AG": ("antigua",), "AR": ("argentinas",), "BA": ("bosnia", "bih"),
    "BN": ("brunei darussalam",), "BS": ("bahamas islands",), "BT": ("butan",),
    "BQ": ("bonaire",), "BY": ("belorussia",),
    "CD": (
        "dr congo", "drc", "democratic republic of the congo", "democratic republic of congo",
        "congo dr", "congo dem republic", "congo democratic republic", "dem rep congo", "dcongo",
        "zaire",
    ),
    "CF": ("central african", "caf", "car"),
    "CG": ("congo", "republic of the congo", "republic of congo", "congo republic"),
    "CI": ("ivory coast", "cote d ivoire ivory coast", "ivory"),
    "CL": ("chili",), "CM": ("camerun",),
    "CN": ("peoples republic of china", "prc"), "CV": ("cabo verde",),
    "CZ": ("czech republic", "czech"), "CO": ("columbia",),
    "DO": ("dominican", "dominicana", "republic of dominican", "dominican rep"),
    "EC": ("equador",), "FK": ("falkland islands malvinas",),
    "FM": ("federated states of micronesia",), "GB": (
        "uk", "england", "great britain", "scotland", "britain",
        "united kingdom of great britain and northern ireland",
    ),
    "GM": ("republic of the gambia",), "GN": ("gvineya",), "GW": ("guinea bissau",),
    "HK": ("hong kong", "hong kong sar", "hong kong china"),
    "IR": ("islamic republic of iran",), "KG": ("kyrgyz republic", "kirgizstan", "kirghizia"),
    "KN": ("saint kitts", "stkitts"), "KP": ("democratic peoples republic of korea", "dprk"),
    "KR": ("korea", "republic of korea", "korea republic"),
    "KZ": ("kazahstan",),
    "LA": ("lao peoples", "lao", "lao peoples democratic republic", "lao pdr"),
    "LY": ("libyan arab jamahiriya",), "MD": ("republic of moldova",),
    "MF": ("saint martin french part",),
    "MK": ("north macedonia", "macedonia", "fyrom", "macedonia the former yugoslav republic of"),
    "MM": ("burma", "myanmar"),
    "MO": ("macau", "macao", "macau sar", "macau china", "macao china"), "MZ": ("mozambik",),
    "NL": ("netherland", "holland"),
    "PG": ("papua new guinea", "papua", "papua new gvineya", "papua gvineya"),
    "PH": ("filipines", "filippines", "philippine"),
    "PS": (
        "palestine", "state of palestine", "palestinian territory",
        "palestinian territory occupied",
    ),
    "RE": ("reunion", "reunion island"),
    "RU": ("russian federation",), "SK": ("slovak republic", "slovak"), "ST": ("sao tome",),
    "SV": ("salvador",), "SX": ("sint maarten dutch part",),
    "SY": ("syrian arab republic", "syrian"), "SZ": ("swaziland",),
    "TC": ("turks and caicos",), "TL": ("east timor", "timor"), "TR": ("turkey",),
    "TT": ("trinidad", "tit"), "TW": ("republic of china", "chinese taipei"),
    "TZ": ("united republic of tanzania",),
    "US": ("usa", "united states of america", "america"), "VA": ("vatican", "holy see"),
    "VC": ("saint vincent", "saint vincent and grenadines"),
    "VE": ("bolivarian republic of venezuela",),
    "VG": ("virgin islands british",), "VI": ("virgin islands",), "VN": ("viet nam",),
}  # fmt: skip
# Said of the numbers, not of the country.
NOISE = {
    "virtual", "virt", "vip", "real", "physical", "sim", "mobile", "number", "numbers", "premium",
    "fast", "cheap", "the",
}  # fmt: skip
RUN_TOGETHER = re.compile("(virtual|virt|vip)$")
# What may stand before "of". Not "democratic" or "people's": they tell two countries apart.
FORMS = {
    "republic", "kingdom", "state", "states", "islamic", "federal", "federative", "plurinational",
    "united", "arab", "hashemite", "principality", "socialist", "commonwealth", "sultanate",
}  # fmt: skip
NO_COUNTRIES = {"ZZ", "XA", "XB", "EU", "EZ", "UN"}
APOSTROPHES = re.compile(
    "['`\N{ACUTE ACCENT}\N{LEFT SINGLE QUOTATION MARK}\
\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER TURNED COMMA}]"
)
SHORTEST_MISSPELT, LONGEST_NAME = 6, 80
ALIKE, BETTER_BY = 0.9, 0.04


@lru_cache(maxsize=4096)
def code_of(name: str) -> str:
    """The two letters of the country that is certainly meant; empty when none is."""
    if len(name) > LONGEST_NAME:
        return ""
    if re.fullmatch("[A-Z]{2}", name.strip()) and name.strip() in _names_by_code():
        return name.strip()
    if re.fullmatch("[A-Z]{3}", name.strip()):
        return _codes().get(_joined(_words(name))) or _code_of_three(name.strip())
    parts = [part for part in re.split(r"\s*[/|]\s*", name) if part]
    found = {_code_of_one(part) for part in parts}
    return found.pop() if len(found) == 1 else ""


def is_called(name: str, text: str) -> bool:
    """Whether the country of this name is also called something that holds the text."""
    wanted = _joined(_words(text))
    if not wanted:  # signs only
        return text.strip().casefold() in name.casefold()
    return any(wanted in one for one in _all_names(name))


@lru_cache(maxsize=4096)
def _all_names(name: str) -> tuple[str, ...]:
    return (_joined(_words(name)), *_names_by_code().get(code_of(name), ()))


def _code_of_one(name: str) -> str:
    spellings = list(_spellings(name))
    found = next((code for one in spellings if (code := _codes().get(one))), "")
    is_plain = not re.search(r"[(\[,]", name)
    return found or (_misspelt(spellings[-1]) if is_plain and spellings else "")


def _spellings(name: str) -> Iterator[str]:
    """The whole name, and what it is with its halves turned round and without noise; each joined.

    Words in brackets, or after a comma, count: there is more than one Congo.
    """
    front, back = _halves(name)
    for words in ([*front, *back], [*back, *front]):
        yield _joined(words)
        quiet = [word for word in words if word not in NOISE and not word.isdecimal()]
        yield _joined(quiet)
        yield RUN_TOGETHER.sub("", _joined(quiet))
        if "of" in quiet and FORMS.issuperset(quiet[: quiet.index("of")]):
            yield _joined(quiet[quiet.index("of") + 1 :])
    if front and back and _codes().get(_joined(front)) == _codes().get(_joined(back)):
        yield _joined(front)


def _halves(name: str) -> tuple[list[str], list[str]]:
    front, _, back = re.sub(r"[(\[,]", "\0", name, count=1).partition("\0")
    return _words(front), _words(back)


def _words(name: str) -> list[str]:
    """Lower case, without accents and signs, one spelling of "and" and of saints."""
    bare = unicodedata.normalize("NFKD", APOSTROPHES.sub("", name)).casefold().replace("&", " and ")
    plain = "".join(c for c in bare if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", plain)
    return ["saint" if word == "st" else word for word in words]


def _joined(words: list[str]) -> str:
    """`Hong Kong`, `Hongkong` and `Hong-Kong` are one."""
    return "".join(words)


def _misspelt(joined: str) -> str:
    """The code of the one name that is nearly this; empty when two are, or none."""
    if len(joined) < SHORTEST_MISSPELT:
        return ""
    near: dict[str, float] = {}
    compared = SequenceMatcher(None, b=joined)
    for other, code in _codes().items():
        compared.set_seq1(other)
        if compared.real_quick_ratio() >= ALIKE - BETTER_BY <= compared.quick_ratio():
            near[code] = max(compared.ratio(), near.get(code, 0.0))
    best, second, *_ = [*sorted(near.items(), key=lambda one: -one[1]), ("", 0.0), ("", 0.0)]
    return best[0] if best[1] >= ALIKE and best[1] - second[1] >= BETTER_BY else ""


def _code_of_three(letters: str) -> str:
    found = get_global("territory_aliases").get(letters, ())
    return found[0] if len(found) == 1 and found[0] in _names_by_code() else ""


@cache
def _codes() -> dict[str, str]:
    """Joined names to codes."""
    return {name: code for code, names in _names_by_code().items() for name in names}


@cache
def _names_by_code() -> dict[str, tuple[str, ...]]:
    """Shape: joined; what providers say goes before what the CLDR says."""
    territories = {str(code): str(name) for code, name in Locale("en").territories.items()}
    codes = (c for c in territories if re.fullmatch("[A-Z]{2}", c) and c not in NO_COUNTRIES)
    return {
        code: tuple(
            _joined(_words(name)) for name in (territories[code], *OTHER_NAMES.get(code, ()))
        )
        for code in codes
    }
