"""Slides and charts to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import SLIDE, TEST, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet


@template(TEST, SLIDE)
def bar_chart(s: Sheet) -> None:
    """Draw upright bars over years, with a title and an axis."""
    theme = s.theme(dark=0.25)
    s.text(500, 22, s.style.title(4), 34, theme.ink, at="ma", bold=True)
    count, bottom = s.style.randint(9, 14), s.height - 60
    step = 880 / count
    for k in range(6):
        y = bottom - k * (bottom - 100) / 5
        s.line([(80, y), (960, y)], theme.dim, 0.6)
        s.text(70, y, str(k * 25), 15, theme.dim, at="rm")
    for k in range(count):
        tall = s.vary(f"bar {k + 1}").uniform(0.08, 1.0) * (bottom - 100)
        s.rect(80 + step * (k + 0.15), bottom - tall, step * 0.7, tall, theme.accent)
        s.text(80 + step * (k + 0.5), bottom + 12, str(2008 + k), 15, theme.ink, at="ma")


@template(TEST, SLIDE)
def line_chart(s: Sheet) -> None:
    """Draw three lines with marks over months, and the last values."""
    theme = s.theme()
    s.text(40, 20, s.style.company(), 30, theme.ink, bold=True)
    s.text(40, 60, s.style.sentence(6, ""), 18, theme.dim)
    bottom, points = s.height - 56, 16
    s.rect(60, 100, 800, bottom - 100, theme.panel)
    for n, colour in enumerate((theme.accent, "#e8590c", "#0ca678")):
        places = []
        for k in range(points):
            y = bottom - 10 - s.vary(f"line {n + 1}, point {k + 1}").random() * (bottom - 130)
            places.append((75 + 770 * k / (points - 1), y))
        s.line(places, colour, 4)
        for x, y in places:
            s.oval(x - 6, y - 6, 12, 12, colour)
        s.text(
            872, places[-1][1], s.vary(f"label {n + 1}").amount(900), 17, colour, at="lm", bold=True
        )
    for k in range(points):
        s.text(75 + 770 * k / (points - 1), bottom + 10, str(k + 1), 14, theme.dim, at="ma")


@template(TEST, SLIDE)
def pie_chart(s: Sheet) -> None:
    """Draw a circle in slices, with a legend of names and shares."""
    theme = s.theme(dark=0.3)
    s.text(500, 18, s.style.title(3), 34, theme.ink, at="ma", bold=True)
    colours = ("#1971c2", "#e8590c", "#2f9e44", "#c2255c", "#f2b705", "#6741d9")
    shares = [s.vary(f"slice {k + 1}").uniform(0.3, 2) for k in range(6)]
    side, start = s.height - 110, 0.0
    for k, share in enumerate(shares):
        end = start + 360 * share / sum(shares)
        s.pie(40, 85, side, start, end, colours[k])
        start = end
        y = 110 + k * (s.height - 160) / 6
        s.rect(660, y, 26, 26, colours[k])
        content = s.vary(f"legend {k + 1}")
        s.text(700, y + 1, content.company(), 22, theme.ink, room=200)
        s.text(960, y + 1, f"{100 * share / sum(shares):.1f}%", 22, theme.dim, at="ra")


@template(TEST, SLIDE, has_photo=True)
def deck_slide(s: Sheet) -> None:
    """Draw a slide of a talk: a bar at the left, points, a picture below them or none."""
    theme = s.theme(dark=0.35)
    s.rect(0, 0, 120, s.height, theme.accent)
    s.text(60, s.height - 40, s.vary("number").number(2), 26, "white", at="ma", bold=True)
    s.text(160, 36, s.vary("title").title(4), 44, theme.ink, bold=True, room=800)
    s.rect(160, 100, 800, 3, theme.accent)
    for k in range(5):
        y = 126 + 42 * k
        s.oval(164, y + 8, 12, 12, theme.accent)
        s.text(190, y, s.vary(f"point {k + 1}").sentence(7, ""), 25, theme.ink, room=770)
    s.photo("photo", 160, 345, 800, s.height - 375)
