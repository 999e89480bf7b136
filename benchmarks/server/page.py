"""How long the page takes, in a browser.

    python -m benchmarks.server.page URL PICTURE...

A server runs at URL, on a machine with nothing else to do; Playwright and a Chromium are installed.
Reported are, over the pictures, the time from a picture's arrival in the page to its first hits
painted, and what of it the server took; then the times between frames while a map of 100,000
made-up points is dragged and zoomed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
POINTS = 100_000
LABELS = 100
FRAMES = """async (seconds) => {
  const times = [];
  const end = performance.now() + seconds * 1000;
  for (let before = performance.now(); before < end;) {
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times.slice(1);
}"""
PAN = """async (seconds) => {
  const map = document.querySelector('.map-surface');
  const send = (type, x, y) => map.dispatchEvent(
    new PointerEvent(type,
      { pointerId: 1, clientX: x, clientY: y, bubbles: true, isPrimary: true }));
  map.setPointerCapture = () => {};
  const box = map.getBoundingClientRect();
  const at = (t) => [box.left + box.width * (0.5 + 0.3 * Math.sin(t)), box.top + box.height / 2];
  send('pointerdown', ...at(0));
  const times = [];
  const end = performance.now() + seconds * 1000;
  for (let before = performance.now(), t = 0; before < end; t += 0.06) {
    send('pointermove', ...at(t));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  send('pointerup', ...at(0));
  return times.slice(1);
}"""


def spread(values: list[float]) -> str:
    """Write the middle and the upper end of some durations."""
    ordered = sorted(values)
    return (
        f"median {statistics.median(ordered):.1f} ms, 95% below "
        f"{ordered[int(0.95 * (len(ordered) - 1))]:.1f} ms, most {ordered[-1]:.1f} ms"
    )


def ask(page: Page, url: str, pictures: list[str]) -> None:
    """Ask with each picture, in a page that was just opened, and print how long it took."""
    took, arrived = [], []
    page.on(
        "response",
        lambda answer: (
            took.append(answer.json()["took_ms"])
            if answer.url.endswith("/api/v1/search") and answer.ok and page.url.endswith("/")
            else None
        ),
    )
    for picture in pictures:
        page.goto(url)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a picture").click()
        new = Path(picture).read_bytes() + os.urandom(16)  # so that no answer is kept for it
        chooser.value.set_files({"name": "asked.jpg", "mimeType": "image/jpeg", "buffer": new})
        page.locator(".results-count b").wait_for()
        page.wait_for_timeout(400)
        arrived += page.evaluate(
            "performance.getEntriesByName('arrived to painted').map((one) => one.duration)"
        )
    print(f"arrived to painted, {len(arrived)} pictures: {spread(arrived)}")
    if took:
        print(f"of it the server's search: {spread(took)}")


def move(page: Page, url: str) -> None:
    """Drag the map of made-up points, and print the times between frames."""
    random = np.random.default_rng(0)
    middles = random.random((LABELS, 2)) * 0.8 + 0.1
    label = random.integers(0, LABELS, POINTS)
    places = np.clip(middles[label] + random.normal(0, 0.03, (POINTS, 2)), 0, 1)
    rows = np.zeros(POINTS, [("id", "u1", 16), ("x", "<f4"), ("y", "<f4"), ("label", "<u4")])
    rows["x"], rows["y"], rows["label"] = places[:, 0], places[:, 1], label
    rows["id"] = random.integers(0, 256, (POINTS, 16))
    done = {"status": "done", "method": "made up", "note": "", "count": POINTS, "stale": False}
    page.route("**/api/v1/map", lambda route: route.fulfill(json=done))
    page.route("**/api/v1/map/points", lambda route: route.fulfill(body=rows.tobytes()))
    names = [f"label {n}" for n in range(LABELS)]
    page.route("**/api/v1/map/labels", lambda route: route.fulfill(json=names))
    page.goto(f"{url}/map")
    page.get_by_role("application").wait_for()
    page.wait_for_timeout(500)
    print(f"frames, nothing moves: {spread(page.evaluate(FRAMES, 2))}")
    print(f"frames, {POINTS:,} points dragged: {spread(page.evaluate(PAN, 4))}")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    print(f"frames, dragged when zoomed in: {spread(page.evaluate(PAN, 4))}")


def main() -> None:
    """Measure and print."""
    url, *pictures = sys.argv[1:]
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        if pictures:
            ask(page, url.rstrip("/"), pictures)
        move(page, url.rstrip("/"))
        browser.close()


if __name__ == "__main__":
    main()
