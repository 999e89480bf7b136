"""Fronts of packages: a brand that stays, and what differs between its products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.content import Content
    from benchmarks.copies.drawn.sheet import Sheet, Template

TEST_LABELS: dict[str, Template] = {}
DEVELOPMENT_LABELS: dict[str, Template] = {}

_UPRIGHT, _FLAT, _ROUND = ((700, 1000),), ((1000, 640),), ((1000, 900),)
_SCHEMES = (
    ("#c92a2a", "#fff3bf"), ("#1864ab", "#d0ebff"), ("#2b8a3e", "#ebfbee"), ("#862e9c", "#f8f0fc"),
    ("#e67700", "#fff9db"), ("#0b7285", "#e3fafc"), ("#5c3c1f", "#f3e5d3"), ("#d6336c", "#fff0f6"),
    ("#212529", "#ffe066"), ("#f1f3f5", "#343a40"), ("#66a80f", "#1b3a0b"), ("#ffd43b", "#7a1f1f"),
)  # fmt: skip
_KINDS = (
    "Apple Cherry Lemon Mango Cocoa Vanilla Almond Ginger Mint Honey Berry Peach Plum Coconut "
    "Classic Strong Mild Light Family Sensitive Extra Fresh Night Sport Kids"
)


def _scheme(s: Sheet) -> tuple[str, str]:
    """Choose the colours of one product."""
    return s.vary("colours").choice(_SCHEMES)


def _kind(content: Content) -> str:
    return content.choice(_KINDS.split())


def _flower(s: Sheet, x: float, y: float, size: float, ink: str, middle: str) -> None:
    """Draw the product's picture: leaves around a middle, by its own numbers."""
    content = s.vary("drawing")
    leaves, turn = content.randint(3, 9), content.uniform(0, math.pi)
    long, wide = size * content.uniform(0.55, 1), size * content.uniform(0.25, 0.5)
    for k in range(leaves):
        angle = turn + 2 * math.pi * k / leaves
        at = x + math.cos(angle) * long * 0.55, y + math.sin(angle) * long * 0.55
        s.oval(at[0] - wide / 2, at[1] - wide / 2, wide, wide, ink)
    s.oval(x - wide * 0.6, y - wide * 0.6, wide * 1.2, wide * 1.2, middle)


@template(TEST_LABELS, _UPRIGHT)
def cereal_box(s: Sheet) -> None:
    """Draw a box of cereals: a brand above, a photograph in the middle, a band below."""
    back, ink = _scheme(s)
    s.fill(back)
    s.rect(60, 60, 880, 230, ink, radius=60)
    s.text(500, 175, s.style.last_name().upper(), 150, back, at="mm", bold=True, room=800)
    s.photo("picture", 110, 380, 780, 560, radius=280)
    s.text(500, 1040, _kind(s.vary("kind")), 150, ink, at="mm", bold=True, room=860)
    s.rect(0, 1170, 1000, 120, ink)
    s.text(500, 1230, s.vary("claim").words(3), 64, back, at="mm", room=900)
    s.text(60, 1350, f"{s.vary('weight').randint(10, 99) * 10} g", 60, ink)


@template(TEST_LABELS, _UPRIGHT)
def shampoo(s: Sheet) -> None:
    """Draw a bottle's front: a wave of colour, a round sign, lines of small letters."""
    back, ink = _scheme(s)
    s.fill("#fbfbfb")
    content = s.vary("wave")
    points = [(x, 620 + 160 * math.sin(content.uniform(0, 6))) for x in range(0, 1001, 200)]
    s.shape([(0, 1500), *points, (1000, 1500)], back)
    s.text(500, 150, s.style.company().split()[0], 140, "#222222", at="mm", bold=True, room=880)
    _flower(s, 500, 440, 300, back, ink)
    s.text(500, 880, _kind(s.vary("kind")), 140, ink, at="mm", bold=True, room=880)
    s.lines("text", 120, 1000, 760, 50, count=4, ink=ink)
    s.text(880, 1330, f"{s.vary('amount').randint(10, 90) * 10} ml", 60, ink, at="ra")


@template(TEST_LABELS, _ROUND)
def tin_can(s: Sheet) -> None:
    """Draw a label around a can: stripes above and below, a large word between."""
    back, ink = _scheme(s)
    s.fill(back)
    for y in (40, 90, 780, 830):
        s.rect(0, y, 1000, 26, ink)
    s.oval(250, 150, 500, 260, ink)
    s.text(500, 280, s.style.first_name(), 110, back, at="mm", bold=True, room=430)
    s.text(500, 520, _kind(s.vary("kind")).upper(), 170, ink, at="mm", bold=True, room=440)
    s.text(500, 640, s.vary("claim").words(3), 56, ink, at="mm", room=440)
    _flower(s, 140, 560, 170, ink, back)
    _flower(s, 860, 560, 170, ink, back)


@template(TEST_LABELS, _FLAT)
def medicine_box(s: Sheet) -> None:
    """Draw a pack of tablets: white, a triangle of colour, a dose."""
    back, ink = _scheme(s)
    s.fill("#ffffff")
    s.shape([(640, 0), (1000, 0), (1000, 640), (440, 640)], back)
    s.text(50, 50, s.style.last_name() + "in", 100, "#1d3557", bold=True, room=500)
    s.text(50, 190, f"{s.vary('dose').randint(1, 90) * 10} mg", 100, back, bold=True)
    s.text(50, 330, f"{s.vary('kind').title(1)}", 70, "#444444", bold=True)
    s.lines("text", 50, 440, 330, 34, count=3, ink="#444444")
    s.text(950, 540, f"{s.vary('count').randint(1, 9) * 10} tablets", 60, ink, at="ra", bold=True)
    _flower(s, 760, 260, 220, ink, back)


@template(TEST_LABELS, _FLAT)
def tea_box(s: Sheet) -> None:
    """Draw a box of tea: a pattern all over, a plate in the middle."""
    back, ink = _scheme(s)
    s.fill(back)
    content = s.vary("pattern")
    step, size = content.randint(60, 120), content.randint(16, 50)
    for row in range(12):
        for column in range(18):
            x, y = column * step + row % 2 * step / 2, row * step
            s.oval(x, y, size, size, ink)
    s.rect(230, 110, 540, 420, "#fffdf5", radius=30, line=ink, thick=10)
    s.text(500, 190, s.style.company(), 60, "#222222", at="mm", bold=True, room=480)
    s.text(500, 320, _kind(s.vary("kind")) + " tea", 96, back, at="mm", bold=True, room=500)
    s.text(500, 440, f"{s.vary('bags').randint(1, 8) * 10} bags", 54, "#444444", at="mm")


@template(DEVELOPMENT_LABELS, _UPRIGHT)
def juice_carton(s: Sheet) -> None:
    """Draw a carton: a photograph below, the kind across it."""
    back, ink = _scheme(s)
    s.fill(back)
    s.photo("picture", 0, 640, 1000, 790)
    s.text(500, 130, s.style.first_name() + "'s", 170, ink, at="mm", bold=True, room=860)
    s.shape([(0, 420), (1000, 300), (1000, 560), (0, 680)], ink)
    s.text(500, 490, _kind(s.vary("kind")), 170, back, at="mm", bold=True, room=860)
    s.oval(690, 1120, 250, 250, back)
    s.text(815, 1245, f"{s.vary('share').randint(1, 99)}%", 100, ink, at="mm", bold=True)


@template(DEVELOPMENT_LABELS, _FLAT)
def chocolate_bar(s: Sheet) -> None:
    """Draw a bar: a brand in script at the left, pieces at the right."""
    back, ink = _scheme(s)
    s.fill(back)
    s.text(60, 60, s.style.last_name(), 150, ink, face="serif", bold=True, room=560)
    s.rect(0, 300, 620, 150, ink)
    s.text(60, 375, _kind(s.vary("kind")), 110, back, at="lm", bold=True, room=540)
    s.text(60, 500, s.vary("claim").words(4), 50, ink, room=540)
    content = s.vary("pieces")
    for k in range(12):
        x, y = 660 + k % 3 * 110, 40 + k // 3 * 145
        s.rect(x, y, 95, 125, content.choice(("#5c3317", "#7b4a2b", "#f5e6d3", ink)), radius=14)
    s.text(60, 570, f"{s.vary('weight').randint(5, 40) * 10} g", 50, ink)


@template(DEVELOPMENT_LABELS, _ROUND)
def jam_jar(s: Sheet) -> None:
    """Draw a label of a jar: checks above, an oval with letters."""
    back, ink = _scheme(s)
    s.fill("#fffaf0")
    for row in range(3):
        for column in range(20):
            if (row + column) % 2:
                s.rect(50 * column, 50 * row, 50, 50, back)
    s.oval(90, 220, 820, 560, None, line=back, thick=16)
    s.text(500, 350, s.style.last_name(), 90, "#333333", at="mm", face="serif", bold=True, room=560)
    s.text(500, 490, _kind(s.vary("kind")), 150, back, at="mm", bold=True, room=640)
    s.text(500, 620, s.vary("year").date(), 60, "#555555", at="mm")
    _flower(s, 160, 800, 150, back, ink)
    _flower(s, 840, 800, 150, back, ink)


@template(DEVELOPMENT_LABELS, _UPRIGHT)
def paper_bag(s: Sheet) -> None:
    """Draw a bag of coffee: a dark half with a sign, a light half with letters."""
    back, ink = _scheme(s)
    s.fill("#2b2320")
    s.rect(0, 800, 1000, 640, back)
    _flower(s, 500, 400, 480, back, ink)
    s.text(500, 690, s.style.company(), 90, "#f1e9dd", at="mm", bold=True, room=860)
    s.text(500, 930, _kind(s.vary("kind")), 150, ink, at="mm", bold=True, room=860)
    s.lines("text", 120, 1060, 760, 52, count=3, ink=ink)
