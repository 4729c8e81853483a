"""The import law: who may know whom."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP = (
    "bot", "environment", "logs", "passes", "setting_rules", "settings", "telegram_http", "tls",
    "wiring", "wiring_parts",
)  # fmt: skip
ROOMS = {
    "activations",
    "bloomsms",
    "handlers",
    "people",
    "sandbox",
    "storage",
    "tests",
    "web",
    *TOP,
}


# Modules of ours, or whole rooms, that each room may import.
OURS = {
    "environment": set(),
    "setting_rules": set(),
    "settings": {"environment", "setting_rules"},
    "logs": set(),
    "passes": set(),
    "tls": set(),
    "telegram_http": {"tls"},
    "bloomsms": {"bloomsms"},
    "people": {"people"},
    "activations": {"activations", "bloomsms.models", "bloomsms.errors", "people.model"},
    "storage": {
        "storage", "activations.model", "activations.notes", "activations.tally", "people.model",
        "bloomsms.models",
    },
    "handlers": {"handlers", "activations", "people"},
    "web": {"web", "activations", "people"},
    "wiring": ROOMS - {"sandbox", "tests", "bot", "wiring"},
    "wiring_parts": ROOMS - {"sandbox", "tests", "bot", "wiring", "wiring_parts"},
    "bot": ROOMS - {"sandbox", "tests", "bot"},
    "sandbox": {"sandbox"},
}  # fmt: skip

THIRD_PARTY = {
    "environment": {"dotenv"},
    "setting_rules": set(),
    "settings": {"pydantic"},
    "logs": set(),
    "tls": set(),
    "telegram_http": {"aiohttp", "telegram"},
    "passes": {"telegram"},
    "bloomsms": set(),
    "people": set(),
    "activations": set(),
    "storage": {"aiosqlite"},
    "handlers": {"telegram", "babel", "phonenumbers"},
    "web": {"aiohttp", "prometheus_client"},
    "wiring": {"telegram"},
    "wiring_parts": {"telegram"},
    "bot": {"telegram"},
    "sandbox": {"aiohttp"},
}
ALSO_THIRD_PARTY = {"bloomsms/client.py": {"aiohttp"}}
ALSO_OURS = {
    "bloomsms/client.py": {"tls"},
    "sandbox/__main__.py": {"bot", "settings", "environment"},
}
LONGEST_MODULE = 300
LONGEST_FUNCTION = 40


def modules() -> list[Path]:
    found = [ROOT / f"{name}.py" for name in TOP]
    for room in sorted(OURS):
        found += sorted((ROOT / room).rglob("*.py"))
    return [path.relative_to(ROOT) for path in found]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


@pytest.mark.parametrize("path", modules(), ids=str)
def test_imports_keep_the_law(path: Path) -> None:
    """A module imports only what its room may know."""
    room = path.parts[0].removesuffix(".py")
    ours = OURS[room] | ALSO_OURS.get(str(path), set())
    theirs = set(THIRD_PARTY[room]) | ALSO_THIRD_PARTY.get(str(path), set())
    names = list(imported(path))
    strangers = {
        name
        for name in names
        if name.split(".")[0] in ROOMS
        and not is_allowed(name, ours)
        # `from a.b import c` also yields a.b.c and, for a package, a.b alone
        and not any(other.startswith(name + ".") and is_allowed(other, ours) for other in names)
    }
    libraries = {name.split(".")[0] for name in names} - ROOMS - sys.stdlib_module_names

    assert set() == strangers
    assert libraries <= theirs


@pytest.mark.parametrize("path", modules(), ids=str)
def test_modules_and_functions_stay_short(path: Path) -> None:
    """Nothing grows beyond what a tired reader takes in."""
    source = (ROOT / path).read_text()
    functions = [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert len(source.splitlines()) <= LONGEST_MODULE
    assert [] == [name for name, lines in functions if lines > LONGEST_FUNCTION]
