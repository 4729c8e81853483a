"""Country names as providers spell them: found, and never taken for another country."""

import pytest
from babel import Locale

from handlers.country_names import NO_COUNTRIES, code_of, is_called
from tests.made_up import NASTY

CLDR = {
    str(code): str(name)
    for code, name in Locale("en").territories.items()
    if len(str(code)) == 2 and str(code).isalpha() and code not in NO_COUNTRIES
}

# As lists of several providers have them, odd ones included.
SEEN = """
AF Afghanistan|afghanistan
AL Albania
DZ Algeria
AO Angola
AI Anguilla
AG Antigua and Barbuda|antiguaandbarbuda|Antigua & Barbuda|Antigua
AR Argentina|Argentinas|argentinas
AM Armenia
AW Aruba
AU Australia|Austrailia|Australia (VIP)
AT Austria|austria
AZ Azerbaijan
BS Bahamas|Bahamas, The|The Bahamas
BH Bahrain
BD Bangladesh
BB Barbados
BY Belarus|Belorussia
BE Belgium
BZ Belize
BJ Benin
BT Bhutan|butan|Bhutane
BO Bolivia|Bolivia (Plurinational State of)
BA Bosnia|Bosnia and Herzegovina|bih|Bosnia & Herzegovina|Bosnia-Herzegovina
BW Botswana
BR Brazil|Brazil 2
BN Brunei|Brunei Darussalam
BG Bulgaria
BF Burkina Faso|burkinafaso
BI Burundi
KH Cambodia
CM Cameroon
CA Canada|Canada (virtual)|CANADA
CV Cape Verde|capeverde|Cabo Verde
KY Cayman Islands|caymanislands
CF Central African Republic|Central African|CAF|caf|CAR
TD Chad
CL Chile
CN China
CO Colombia
KM Comoros
CG Congo|Republic of the Congo|Congo (Brazzaville)|Congo, Republic of the
CD DR Congo|dcongo|Congo (Dem. Republic)|Democratic Republic of the Congo|DRC
CD Congo (DR)|Congo (Kinshasa)|D.R. Congo|Congo, Democratic Republic of the
CR Costa Rica|costarica
CI Cote d'Ivoire|Cote d`Ivoire|Cote d'Ivoire/Ivory Coast|Cote d`Ivoire Ivory Coast
CI Ivory Coast|ivorycoast|Côte d’Ivoire|Ivory Coast (Cote d'Ivoire)
HR Croatia
CU Cuba
CW Curacao|Curaçao
CY Cyprus
CZ Czech Republic|Czech|czech|Czechia
DK Denmark
DJ Djibouti
DM Dominica
DO Dominican Republic|Dominicana|dominicana|Republic of Dominican
TL East Timor|easttimor|Timor-Leste|Timor Leste
EC Ecuador
EG Egypt
SV El Salvador|Salvador|salvador
GQ Equatorial Guinea|equatorialguinea|Guinea (Equatorial)
ER Eritrea
EE Estonia
SZ Eswatini|Swaziland|swaziland|Swaziland (Eswatini)
ET Ethiopia
FK Falkland Islands (Malvinas)
FJ Fiji
FI Finland
FR France
GF French Guiana|frenchguiana
GA Gabon
GM Gambia|Gambia, The|The Gambia
GE Georgia
DE Germany|Germany VIP
GH Ghana
GI Gibraltar
GR Greece
GD Grenada
GP Guadeloupe
GT Guatemala
GN Guinea|Republic of Guinea
GW Guinea-Bissau|guineabissau|Guinea Bissau
GY Guyana
HT Haiti
HN Honduras
HK Hong Kong|Hongkong|hongkong|Hong-Kong|Hong Kong SAR|Hong Kong (China)
HU Hungary
IS Iceland
IN India
ID Indonesia|indonesia
IR Iran|Iran, Islamic Republic of|Iran (Islamic Republic of)
IQ Iraq
IE Ireland|Republic of Ireland
IL Israel
IT Italy|Italy (real)
JM Jamaica
JP Japan
JO Jordan
KZ Kazakhstan|Kazahstan
KE Kenya
XK Kosovo
KW Kuwait
KG Kyrgyzstan|Kyrgyz Republic|kyrgyzstan|Kirgizstan
LA Laos|Lao|Lao People`s|Lao People's Democratic Republic|Lao PDR
LV Latvia
LB Lebanon
LS Lesotho
LR Liberia
LY Libya|Libyan Arab Jamahiriya
LT Lithuania
LU Luxembourg|Luxemburg
MO Macau|Macao
MG Madagascar
MW Malawi
MY Malaysia
MV Maldives
ML Mali
MT Malta
MQ Martinique
MR Mauritania
MU Mauritius
MX Mexico
MD Moldova|Moldova, Republic of
MC Monaco
MN Mongolia
ME Montenegro
MS Montserrat
MA Morocco
MZ Mozambique
MM Myanmar|Myanmar (Burma)|Burma
NA Namibia|Nambia
NP Nepal
NL Netherlands|Netherland|The Netherlands|Holland|Netherlands (virt)
NC New Caledonia|newcaledonia
NZ New Zealand|newzealand
NI Nicaragua
NE Niger
NG Nigeria
KP North Korea|Korea (North)|Korea, Democratic People's Republic of
MK Macedonia, the former Yugoslav Republic of
MK North Macedonia|Macedonia|northmacedonia
NO Norway
OM Oman
PK Pakistan
PS Palestine|State of Palestine
PA Panama
PG Papua New Guinea|Papua new gvineya|papuanewguinea|Papua|papua
PY Paraguay
PE Peru
PH Philippines|Philippine|Phillipines
PL Poland
PT Portugal
PR Puerto Rico|puertorico
QA Qatar
RE Reunion|Réunion|reunion
RO Romania
RU Russia|Russian Federation|Russia VIP
RW Rwanda
KN Saint Kitts and Nevis|saintkittsandnevis|St. Kitts & Nevis|St Kitts and Nevis
LC Saint Lucia|saintlucia|St. Lucia
VC Saint Vincent|Saint Vincent and the Grenadines|saintvincentandgrenadines
WS Samoa
ST Sao Tome and Principe|saotomeandprincipe|São Tomé & Príncipe|Sao Tome
SA Saudi Arabia|saudiarabia
SN Senegal
RS Serbia
SC Seychelles
SL Sierra Leone|sierraleone
SG Singapore
SK Slovakia|Slovak Republic
SI Slovenia
SB Solomon Islands|solomonislands
SO Somalia
ZA South Africa|southafrica
KR South Korea|Korea|Korea, Republic of|Korea, South|Republic of Korea|southkorea
SS South Sudan
ES Spain
LK Sri Lanka|srilanka
SD Sudan
SR Suriname|Surinam
SE Sweden
CH Switzerland
SY Syria|Syrian Arab Republic
TW Taiwan|Taiwan (Republic of China)
TJ Tajikistan
TZ Tanzania|Tanzania, United Republic of
TH Thailand
TG Togo
TT Trinidad and Tobago|tit|Trinidad & Tobago|trinidadandtobago
TN Tunisia
TR Turkey|Türkiye|Turkiye
TM Turkmenistan
TC Turks and Caicos
UG Uganda
UA Ukraine
AE United Arab Emirates|UAE|uae|unitedarabemirates
GB United Kingdom|UK|England|england|Great Britain|UK (VIP)
US United States|USA|usa|United States (virtual)|United States virt|USA (virt.)|USA VIP
US United States of America|unitedstatesvirt real
UY Uruguay
UZ Uzbekistan
VA Vatican
VE Venezuela|Venezuella|Venezuela (Bolivarian Republic of)
VN Vietnam|Viet Nam|vietnam
VG British Virgin Islands|Virgin Islands (British)
VI Virgin Islands|US Virgin Islands
YE Yemen
ZM Zambia
ZW Zimbabwe
"""
NAMES = [
    (name, line[:2]) for line in SEEN.strip().splitlines() for name in line[3:].strip().split("|")
]


@pytest.mark.parametrize(("name", "code"), NAMES, ids=lambda value: value)
def test_names_of_providers(name: str, code: str) -> None:
    """Each country is known under what providers call it, and is also found as the CLDR has it."""
    assert code == code_of(name)
    assert is_called(name, CLDR[code])
    assert is_called(name, f"  {name.upper()} ")


@pytest.mark.parametrize("change", [str, str.upper, str.lower, "  {} ".format])
def test_names_of_the_cldr(change: object) -> None:
    """Every country of the CLDR is itself, in any letter case."""
    assert callable(change)

    assert {code: code for code in CLDR} == {code: code_of(change(CLDR[code])) for code in CLDR}


def test_a_slip_is_never_another_country() -> None:
    """With any one letter missing or doubled a name is its own country's, or none's."""
    slips = {
        (code, slip)
        for code, name in CLDR.items()
        for at in range(len(name))
        for slip in (name[:at] + name[at + 1 :], name[: at + 1] + name[at:])
    }

    assert [] == [(slip, code) for code, slip in slips if code_of(slip) not in {code, ""}]


@pytest.mark.parametrize("name", ["GB", "GBR", " GB ", "UK", "U.K."])
def test_codes_instead_of_names(name: str) -> None:
    """A country's letters are as good as its name."""
    assert "GB" == code_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "/", "()", "Atlantis", "world", "Europe", "European Union", "Any country",
        "Northern Ireland", "North Cyprus", "Western Samoa", "New Mexico", "Georgia (US)",
        "Indiana", "Somaliland", "Chechnya", "Kurdistan", "Abkhazia", "British Columbia",
        "Democratic Republic of Korea", "Yugoslavia", "Slovania", "USA/Canada", "USA / Atlantis",
        "ZZ", "EU", "XYZ", "Korea (Mars)", "Guiana", "Other", "Rest of the world", "x" * 1000,
        NASTY, "123", "virtual", "🇺🇸",
    ],
)  # fmt: skip
def test_names_of_no_country(name: str) -> None:
    """What is not certain has no flag."""
    assert "" == code_of(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Cote d`Ivoire", "ivory"),
        ("Cote d'Ivoire/Ivory Coast", "côte"),
        ("Hongkong", "hong kong"),
        ("Hong Kong", "hongkong"),
        ("Lao People`s", "laos"),
        ("Nambia", "namibia"),
        ("CAF", "central african"),
        ("England", "united king"),
        ("United States virt", "usa"),
        ("Papua new gvineya", "new guinea"),
        ("Türkiye", "turkey"),
        ("Türkiye", "turk"),
        ("São Tomé & Príncipe", "sao tome and"),
        ("Atlantis", "LANT"),
        ("日本", "日"),
        ("A*B", "*"),
    ],
)
def test_search(name: str, text: str) -> None:
    """A country is found under each of its names, however it is spelled."""
    assert is_called(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Niger", "nigeria"), ("Congo", "kinshasa"), ("Germany", ".*"), ("Germany", "x"), ("", "a")],
)
def test_search_for_another(name: str, text: str) -> None:
    """A neighbour is not found instead, and signs match signs only."""
    assert not is_called(name, text)
