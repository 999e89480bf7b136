"""Screens of telephones to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import PHONE, SQUARE, TEST, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet, Theme


def _top(s: Sheet, theme: Theme) -> None:
    """Draw the bar with clock and battery."""
    s.rect(0, 0, 1000, 76, theme.panel)
    s.text(36, 18, s.vary("clock").time(), 36, theme.ink)
    s.rect(892, 24, 64, 30, None, line=theme.ink, thick=3, radius=6)
    s.rect(898, 30, 52 * s.style.uniform(0.2, 1), 18, theme.ink)
    for k in range(4):
        s.rect(800 + 18 * k, 48 - 8 * k, 12, 8 + 8 * k, theme.ink)


def _tabs(s: Sheet, theme: Theme, words: tuple[str, ...]) -> None:
    """Draw the bar of buttons at the lower edge."""
    s.rect(0, s.height - 130, 1000, 130, theme.panel)
    for k, word in enumerate(words):
        x = 1000 * (k + 0.5) / len(words)
        ink = theme.accent if k == 0 else theme.dim
        s.rect(x - 24, s.height - 114, 48, 48, None, line=ink, thick=5, radius=12)
        s.text(x, s.height - 54, word, 26, ink, at="ma")


@template(TEST, PHONE, has_photo=True)
def photo_app(s: Sheet) -> None:
    """Draw a post of a photograph: who, the picture, buttons, comments."""
    theme = s.theme(dark=0.45)
    _top(s, theme)
    s.oval(30, 100, 84, 84, theme.accent)
    s.text(136, 104, s.vary("who").handle(), 38, theme.ink, bold=True)
    s.text(136, 150, s.vary("where").city(), 28, theme.dim)
    s.photo("photo", 0, 206, 1000, s.style.choice((750, 800, 1000)))
    y = 206 + s.photo_box[3] / s.scale if s.photo_box[2] / s.scale > 995 else 1206
    y = min(y, s.height - 500)
    for k, word in enumerate(("Like", "Comment", "Share")):
        s.text(36 + 230 * k, y + 26, word, 36, theme.ink, bold=True)
    s.text(36, y + 92, f"{s.vary('likes').number(4)} likes", 36, theme.ink)
    for k in range(3):
        content = s.vary(f"comment {k + 1}")
        s.text(
            36,
            y + 150 + 54 * k,
            f"{content.first_name()}: {content.sentence(5)}",
            32,
            theme.ink,
            room=920,
        )
    _tabs(s, theme, ("Home", "Search", "Post", "Profile"))


@template(TEST, PHONE)
def group_chat(s: Sheet) -> None:
    """Draw a group's chat over a patterned wall, a name above each message."""
    theme = s.theme(dark=0.4)
    wall = "#0b141a" if theme.is_dark else s.style.choice(("#e5ddd5", "#d9e7ef", "#e8e0f0"))
    s.fill(wall)
    for k in range(60):
        x, y = 1000 * (k % 6 + 0.5) / 6, s.height * (k // 6 + 0.5) / 10
        s.oval(x - 16, y - 16, 32, 32, None, line=theme.panel, thick=3)
    s.rect(0, 0, 1000, 210, theme.accent)
    s.text(36, 18, s.vary("clock").time(), 36, "white")
    s.oval(36, 94, 90, 90, "#ffffff")
    s.text(150, 96, s.style.title(2), 46, "white", bold=True)
    s.text(150, 152, ", ".join(s.style.first_name() for _ in range(4)), 28, "#eeeeee")
    y, k = 250.0, 1
    while y < s.height - 330:
        content = s.vary(f"message {k}")
        count = s.style.randint(1, 3)
        tall = 78 + 46 * count
        x = 40 if s.style.random() < 0.65 else 240
        s.rect(x, y, 720, tall, "#ffffff" if not theme.is_dark else "#202c33", radius=22)
        ink = "#1c1c1e" if not theme.is_dark else "#e9edef"
        s.text(x + 26, y + 12, content.name(), 30, theme.accent, bold=True)
        for n in range(count):
            said = s.vary(f"message {k}, line {n + 1}").sentence(6, "" if n < count - 1 else ".")
            s.text(x + 26, y + 54 + 46 * n, said, 36, ink, room=600)
        s.text(x + 700, y + tall - 36, content.time(), 24, theme.dim, at="ra")
        y, k = y + tall + 26, k + 1
    s.rect(0, s.height - 130, 1000, 130, theme.panel)
    s.rect(30, s.height - 108, 780, 86, theme.back, radius=43)
    s.text(66, s.height - 86, "Write a message", 36, theme.dim)


@template(TEST, PHONE)
def settings_page(s: Sheet) -> None:
    """Draw settings: groups of rows with switches and values."""
    theme = s.theme(dark=0.5)
    _top(s, theme)
    s.text(40, 110, s.vary("heading").title(1), 64, theme.ink, bold=True)
    rows = int((s.height - 300) / 104)
    for k in range(rows):
        y, content = 220 + 104 * k, s.vary(f"row {k + 1}")
        s.rect(30, y, 940, 98, theme.panel, radius=20)
        colour = content.choice(("#e8590c", "#1971c2", "#2f9e44", "#c2255c", "#6741d9", "#868e96"))
        s.rect(54, y + 20, 58, 58, colour, radius=14)
        s.text(140, y + 26, content.title(2), 38, theme.ink)
        switch = s.vary(f"switch {k + 1}")
        if k % 3 < 2:
            on = switch.random() < 0.5
            s.rect(834, y + 24, 104, 52, "#34c759" if on else theme.dim, radius=26)
            s.oval(888 if on else 838, y + 28, 44, 44, "white")
        else:
            s.text(938, y + 28, switch.title(1), 34, theme.dim, at="ra")


@template(TEST, PHONE, has_photo=True)
def news_feed(s: Sheet) -> None:
    """Draw a feed of news: a large story, then small ones with pictures."""
    theme = s.theme(dark=0.3)
    _top(s, theme)
    s.text(500, 96, s.style.company(), 50, theme.accent, at="ma", bold=True)
    s.photo("photo", 30, 180, 940, 560, radius=26)
    s.text(40, 760, s.vary("headline").sentence(6, ""), 50, theme.ink, bold=True, room=920)
    s.text(
        40, 828, f"{s.vary('paper').city()} Post, {s.vary('hours').randint(1, 23)} h", 30, theme.dim
    )
    rows = int((s.height - 1030) / 220)
    for k in range(rows):
        y = 900 + 220 * k
        s.line([(30, y - 12), (970, y - 12)], theme.dim, 1)
        s.lines(f"story {k + 1}", 40, y + 6, 640, 36, count=3, ink=theme.ink)
        s.photo(f"picture {k + 1}", 740, y, 220, 180, radius=16)
    _tabs(s, theme, ("Today", "Local", "Saved", "Search", "More"))


@template(TEST, PHONE)
def map_app(s: Sheet) -> None:
    """Draw navigation: a map with a route, the next turn above, the arrival below."""
    theme = s.theme(dark=0.4)
    ground, road = ("#242f3e", "#38414e") if theme.is_dark else ("#f2efe9", "#ffffff")
    s.fill(ground)
    for k in range(12):
        content = s.vary(f"area {k + 1}")
        place = content.randint(-100, 900), content.randint(100, int(s.height))
        colour = content.choice(
            ("#263c3f", "#17263c", "#303a48")
            if theme.is_dark
            else ("#cdebb0", "#aad3df", "#e6ddd0")
        )
        s.rect(*place, content.randint(120, 420), content.randint(120, 420), colour)
    for k in range(18):
        content = s.vary(f"road {k + 1}")
        at, slope = content.uniform(0, s.height), content.randint(-400, 400)
        ends = (
            [(-20, at), (1020, at + slope)]
            if k % 2
            else [(at % 1000, 0), ((at + slope) % 1000, s.height)]
        )
        s.line(ends, road, 24 if k < 6 else 13)
    route = s.vary("route")
    s.line(
        [(route.randint(100, 900), s.height * f) for f in (0.2, 0.35, 0.5, 0.65, 0.85)],
        "#4285f4",
        22,
    )
    for k in range(8):
        content = s.vary(f"place {k + 1}")
        x, y = s.style.randint(60, 700), s.style.randint(320, int(s.height) - 400)
        s.oval(x, y, 36, 36, content.choice(("#ea4335", "#fbbc04", "#7b61ff")))
        s.text(x + 46, y, content.company(), 30, theme.ink)
    s.rect(30, 90, 940, 190, "#0b8043", radius=28)
    s.text(70, 110, f"{s.vary('metres').randint(2, 90) * 10} m", 70, "white", bold=True)
    s.text(70, 200, s.vary("next road").street().rsplit(" ", 1)[0], 46, "white")
    s.rect(0, s.height - 200, 1000, 200, theme.panel)
    s.text(60, s.height - 170, f"{s.vary('minutes').randint(3, 95)} min", 70, "#0b8043", bold=True)
    s.text(
        60,
        s.height - 84,
        f"{s.vary('way').amount(90)} km, {s.vary('arrival').time()}",
        38,
        theme.dim,
    )


@template(TEST, PHONE)
def product_screen(s: Sheet) -> None:
    """Draw a thing in a shop's app: a picture, a price, stars, sizes, a button."""
    theme = s.theme(dark=0.2)
    _top(s, theme)
    s.photo("picture", 60, 110, 880, 760)
    s.text(60, 910, s.vary("name").product(), 56, theme.ink, bold=True)
    s.text(60, 986, s.vary("maker").company(), 36, theme.dim)
    stars = s.vary("stars").randint(1, 5)
    for k in range(5):
        s.oval(60 + 50 * k, 1046, 38, 38, "#f5b301" if k < stars else theme.panel)
    s.text(330, 1044, f"({s.vary('reviews').number(3)})", 34, theme.dim)
    s.text(940, 1020, s.vary("price").amount(500, "EUR"), 64, theme.accent, at="ra", bold=True)
    size = s.vary("size").randrange(5)
    for k, word in enumerate(("XS", "S", "M", "L", "XL")):
        fill = theme.accent if k == size else theme.panel
        s.rect(60 + 180 * k, 1130, 160, 84, fill, radius=18)
        s.text(140 + 180 * k, 1172, word, 38, "white" if k == size else theme.ink, at="mm")
    room = int((s.height - 1420) / 50)
    s.lines("text", 60, 1250, 880, 34, count=max(room, 1), ink=theme.ink, gap=1.45)
    s.rect(60, s.height - 150, 880, 110, theme.accent, radius=55)
    s.text(500, s.height - 95, "Add to basket", 44, "white", at="mm", bold=True)


@template(TEST, SQUARE, has_photo=True)
def meme(s: Sheet) -> None:
    """Draw a picture between two lines of large capitals."""
    dark = s.style.random() < 0.5
    s.fill("#000000" if dark else "#ffffff")
    ink = "#ffffff" if dark else "#000000"
    s.text(
        500,
        70,
        s.vary("above").words(5).upper(),
        64,
        ink,
        at="mm",
        bold=True,
        face="condensed",
        room=940,
    )
    s.photo("photo", 40, 140, 920, 720)
    s.text(
        500,
        930,
        s.vary("below").words(5).upper(),
        64,
        ink,
        at="mm",
        bold=True,
        face="condensed",
        room=940,
    )
    s.text(960, 990, s.vary("who").handle(), 24, "#8a8a8a", at="rs")


@template(TEST, PHONE, has_photo=True)
def story(s: Sheet) -> None:
    """Draw a story that fills the screen: a photograph, bars above, a caption, an answer field."""
    s.fill("#000000")
    s.photo("photo", 0, 0, 1000, s.height - 180)
    for k in range(5):
        s.rect(20 + 194 * k, 24, 180, 8, "#ffffff" if k < 2 else "#9a9a9a", radius=4)
    s.oval(30, 60, 84, 84, s.accent())
    s.text(136, 80, s.vary("who").handle(), 36, "white", bold=True)
    s.rect(80, s.height * 0.62, 840, 96, "#ffffff", radius=18)
    s.text(
        500,
        s.height * 0.62 + 48,
        s.vary("caption").sentence(5, ""),
        44,
        "#111111",
        at="mm",
        bold=True,
        room=780,
    )
    s.rect(30, s.height - 140, 780, 100, None, line="#ffffff", thick=3, radius=50)
    s.text(80, s.height - 112, "Send an answer", 38, "#dddddd")
