"""One version, wherever it is told."""

import tomllib
from pathlib import Path

from bloomsms.version import VERSION

ROOT = Path(__file__).parent.parent.parent


def test_the_version() -> None:
    """BloomSMS sees the version that the project's own page names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert ("bloomsms-bot", VERSION) == (project["name"], project["version"])
