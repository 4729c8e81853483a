"""The pictures of the README, made from the real page: `python -m tests.browser.pictures`."""

import asyncio
import io
import re
import sys
from pathlib import Path

from PIL import Image

from tests.browser.visit import ROOT, Visit, find_chromium, open_browser, open_sandbox, open_visit

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 390, "height": 820}
# The code comes while the waiting card is looked at.
SMS_AFTER_S = "6-6"
SETTLE_MS = 400
FRAME_MS = 1300
LAST_FRAME_MS = 3500
MOST_BYTES = 1_000_000
SMALLEST_COLOURS = 32
HIDE_TOASTS = "document.getElementById('toasts').hidden = true"


class Camera:
    """Takes frames of one page; some of them become pictures of their own."""

    def __init__(self, visit: Visit) -> None:
        self.frames: list[Image.Image] = []
        self._page = visit.page

    async def take(self, name: str | None = None) -> None:
        await self._page.mouse.move(0, 0)
        await self._page.wait_for_timeout(SETTLE_MS)
        await self._page.evaluate(HIDE_TOASTS)
        shot = await self._page.screenshot()
        self.frames.append(Image.open(io.BytesIO(shot)).convert("RGB"))
        if name:
            self.frames[-1].save(FOLDER / f"{name}.png", optimize=True)

    def save_film(self, path: Path) -> int:
        """Shape: how many bytes it has. As many colours as fit below the limit."""
        colours = 256
        small = [one.resize((SIZE["width"], SIZE["height"])) for one in self.frames]
        while True:
            first, *others = [one.quantize(colours) for one in small]
            times = [FRAME_MS] * len(others) + [LAST_FRAME_MS]
            first.save(path, save_all=True, append_images=others, duration=times, loop=0)
            if path.stat().st_size < MOST_BYTES or colours <= SMALLEST_COLOURS:
                return path.stat().st_size
            colours //= 2


async def walk(visit: Visit, camera: Camera) -> None:
    """From the greeting to the end, by labels."""
    await visit.page.get_by_role("button", name="Start", exact=True).click()
    await visit.button("Rent a number").wait_for()
    await camera.take()
    await visit.presses("Rent a number")
    await visit.button("United States").wait_for()
    await camera.take("choosing")
    await visit.presses("United States")
    await visit.button("WhatsApp").wait_for()
    await camera.take()
    await visit.presses("WhatsApp")
    await visit.button(re.compile("Rent for")).wait_for()
    await camera.take()
    await visit.presses(re.compile("Rent for"))
    await visit.sees("Waiting for the SMS")
    await camera.take("waiting")
    await visit.button(re.compile(r"Copy \d+")).wait_for()
    await camera.take("code")
    await visit.presses("Done")
    await visit.sees("Completed")
    await camera.take()


async def main() -> int:
    path = find_chromium()
    if path is None:
        sys.stderr.write("No Chromium was found (Debian: apt-get install chromium).\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with (
        open_browser(path) as browser,
        open_sandbox(SMS_AFTER_S) as address,
        open_visit(browser, address, SIZE, "light", sharpness=2) as visit,
    ):
        camera = Camera(visit)
        await walk(visit, camera)
    film = FOLDER / "story.gif"
    if camera.save_film(film) >= MOST_BYTES:
        film.unlink()
    for made in sorted(FOLDER.iterdir()):
        sys.stdout.write(f"{made.relative_to(ROOT)} {made.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
