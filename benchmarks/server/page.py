"""Measure the page in a browser.

    python -m benchmarks.server.page URL PICTURE...

This needs a server at URL, an otherwise idle machine, Playwright and Chromium. For each picture it
measures the time from its arrival in the page until the first hits are painted, and the server's
share of it; then the times between frames while a map of 100,000 synthetic points is dragged and
zoomed.
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


def summary(values: list[float]) -> str:
    """Format the median, the 95th percentile and the maximum of durations."""
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return (
        f"median {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms, "
        f"maximum {ordered[-1]:.1f} ms"
    )


def time_searches(page: Page, url: str, pictures: list[str]) -> None:
    """Search with each picture in a newly opened page, and print the times."""
    server_times, page_times = [], []
    page.on(
        "response",
        lambda response: (
            server_times.append(response.json()["took_ms"])
            if response.url.endswith("/api/v1/search") and response.ok and page.url.endswith("/")
            else None
        ),
    )
    for picture in pictures:
        page.goto(url)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a picture").click()
        query = Path(picture).read_bytes() + os.urandom(16)  # so that no result is cached
        chooser.value.set_files({"name": "query.jpg", "mimeType": "image/jpeg", "buffer": query})
        page.locator(".results-count b").wait_for()
        page.wait_for_timeout(400)
        page_times += page.evaluate(
            "performance.getEntriesByName('arrived to painted').map((entry) => entry.duration)"
        )
    print(f"from arrival to paint, {len(page_times)} pictures: {summary(page_times)}")
    if server_times:
        print(f"of which the server's search: {summary(server_times)}")


def time_map_frames(page: Page, url: str) -> None:
    """Drag a map of synthetic points, and print the times between frames."""
    random = np.random.default_rng(0)
    centres = random.random((LABELS, 2)) * 0.8 + 0.1
    label = random.integers(0, LABELS, POINTS)
    positions = np.clip(centres[label] + random.normal(0, 0.03, (POINTS, 2)), 0, 1)
    rows = np.zeros(POINTS, [("id", "u1", 16), ("x", "<f4"), ("y", "<f4"), ("label", "<u4")])
    rows["x"], rows["y"], rows["label"] = positions[:, 0], positions[:, 1], label
    rows["id"] = random.integers(0, 256, (POINTS, 16))
    map_status = {
        "status": "done",
        "method": "synthetic",
        "note": "",
        "count": POINTS,
        "stale": False,
    }
    page.route("**/api/v1/map", lambda route: route.fulfill(json=map_status))
    page.route("**/api/v1/map/points", lambda route: route.fulfill(body=rows.tobytes()))
    names = [f"label {n}" for n in range(LABELS)]
    page.route("**/api/v1/map/labels", lambda route: route.fulfill(json=names))
    page.goto(f"{url}/map")
    page.get_by_role("application").wait_for()
    page.wait_for_timeout(500)
    print(f"frames, map at rest: {summary(page.evaluate(FRAMES, 2))}")
    print(f"frames, {POINTS:,} points dragged: {summary(page.evaluate(PAN, 4))}")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    print(f"frames, zoomed in and dragged: {summary(page.evaluate(PAN, 4))}")


def main() -> None:
    """Measure and print."""
    url, *pictures = sys.argv[1:]
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        if pictures:
            time_searches(page, url.rstrip("/"), pictures)
        time_map_frames(page, url.rstrip("/"))
        browser.close()


if __name__ == "__main__":
    main()
