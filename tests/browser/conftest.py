"""Chromium before `python -m sandbox`: what a person sees, presses and types."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.visit import (
    PHONE,
    WIDE,
    Visit,
    find_chromium,
    open_browser,
    open_sandbox,
    open_visit,
    skip_unless_ci,
    skipped,
)

NO_CHROMIUM = "Browser tests were skipped: there is no Chromium (Debian: apt-get install chromium)."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for why in sorted(skipped):
        terminalreporter.write_line(why, yellow=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    if path is None:
        skip_unless_ci(NO_CHROMIUM)
        return
    async with open_browser(path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Shape: the address of a sandbox of its own; a parameter says when an SMS comes."""
    assert chromium.is_connected()
    async with open_sandbox(getattr(request, "param", "1.5-2")) as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def wide(chromium: Browser, sandbox: str) -> AsyncIterator[Visit]:
    """A page on a desk."""
    async with open_visit(chromium, sandbox, WIDE, "light") as visit:
        yield visit


@pytest_asyncio.fixture(loop_scope="session")
async def phone(chromium: Browser, sandbox: str) -> AsyncIterator[Visit]:
    """A page on a telephone, at night."""
    async with open_visit(chromium, sandbox, PHONE, "dark") as visit:
        yield visit
