"""Phone numbers: what is certain is read, to the digit; all else is not known."""

import pytest

from bloomsms.phones import read_phone
from bloomsms.wire import Json


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("+19001234567", "+19001234567"),
        ("+1.900.123.4567", "+19001234567"),
        ("+1\N{NON-BREAKING HYPHEN}900\N{EN DASH}123\N{MINUS SIGN}4567", "+19001234567"),
        ("tel:+1-900-123-4567", "+19001234567"),
        ("TEL:+19001234567", "+19001234567"),
        ("+１ ９００ １２３ ４５６７", "+19001234567"),  # noqa: RUF001 - full width
        ("+1\u00a0900\u2009123\u202f4567", "+19001234567"),
        ("\u202a+1 (900) 123-4567\u202c\n", "+19001234567"),
        ("(+1) 900 123 4567", "+19001234567"),
        ("+٤٤ ٧٩١١ ١٢٣٤٥٦", "+447911123456"),
        ("19001234567", "19001234567"),
        (19001234567, "19001234567"),
        ("0019001234567", "0019001234567"),
        ("0 79 11", "07911"),
    ],
    ids=range(14),
)
def test_read(written: Json, phone: str) -> None:
    """Separators, marks and forms of digits go; no digit and no plus is added."""
    assert phone == read_phone(written)


@pytest.mark.parametrize(
    "written",
    [
        None, True, [], {}, "", " ", "soon", "null", "+1900***4567", "+1900xxx4567", "+1900…4567",
        "+1900•••4567", "+1900____4567", "+1900...4567", "+1900---4567", "+1900 - - 4567",
        "+1900    4567", "++19001234567", "1900+1234567", "+1 900 123 4567 ext. 5",
        "tel:+19001234567;ext=5", "+19001234567, +19001234568", "+12", "1" * 21, "1" * 5000, 7, 1.5,
    ],
    ids=str,
)  # fmt: skip
def test_not_known(written: Json) -> None:
    """A number that is missing, masked or two is not known."""
    assert not read_phone(written)


@pytest.mark.parametrize("written", ["+44 (0)20 7123 4567", "+44(0)2071234567"])
def test_a_zero_that_is_dialled_at_home_only(written: str) -> None:
    """The zero in brackets behind the country code is no digit of the number."""
    assert "+442071234567" == read_phone(written)
