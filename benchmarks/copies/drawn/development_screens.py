"""Screens to build with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import DESK, DEVELOPMENT, PHONE, SLIDE, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet, Theme


def _status(s: Sheet, theme: Theme) -> None:
    """Draw the upper edge of a telephone's screen."""
    s.text(50, 24, s.vary("clock").time(), 34, theme.ink, bold=True)
    s.text(
        950,
        24,
        f"{s.style.choice(('LTE', '5G', 'WiFi'))}  {s.style.randint(20, 99)}%",
        30,
        theme.ink,
        at="ra",
    )


@template(DEVELOPMENT, PHONE, has_photo=True)
def album_viewer(s: Sheet) -> None:
    """Draw a photograph in an album: date above, buttons below, black around it."""
    s.fill("#000000")
    s.text(500, 40, s.vary("date").date(), 38, "white", at="ma")
    s.text(500, 90, s.vary("time").time(), 30, "#bbbbbb", at="ma")
    tall = s.style.choice((667, 750, 1000, 1333))
    s.photo("photo", 0, (s.height - min(tall, s.height - 420)) / 2, 1000, min(tall, s.height - 420))
    for k, word in enumerate(("Send", "Edit", "Heart", "Delete")):
        s.oval(125 + 250 * k - 26, s.height - 150, 52, 52, None, line="white", thick=3)
        s.text(125 + 250 * k, s.height - 84, word, 26, "white", at="ma")


@template(DEVELOPMENT, PHONE)
def messenger(s: Sheet) -> None:
    """Draw a conversation of two, in coloured bubbles at both sides."""
    theme = s.theme(dark=0.5)
    s.rect(0, 0, 1000, 190, theme.panel)
    _status(s, theme)
    s.oval(40, 90, 80, 80, theme.accent)
    s.text(145, 105, s.style.name(), 42, theme.ink, bold=True)
    y, k = 240.0, 0
    while y < s.height - 260:
        content, k = s.vary(f"message {k + 1}"), k + 1
        mine = s.style.random() < 0.5
        text = content.sentence(content.randint(3, 6), content.choice(".?!"))
        x, wide = (330, 630) if mine else (40, 630)
        s.rect(x, y, wide, 96, theme.accent if mine else theme.panel, radius=36)
        s.text(x + 30, y + 28, text, 34, "white" if mine else theme.ink, room=wide - 160)
        s.text(
            x + wide - 24,
            y + 56,
            s.vary(f"sent {k}").time(),
            22,
            "#dddddd" if mine else theme.dim,
            at="ra",
        )
        y += 124
    s.rect(30, s.height - 120, 840, 84, theme.panel, radius=42)
    s.text(70, s.height - 96, "Message", 34, theme.dim)
    s.oval(890, s.height - 120, 84, 84, theme.accent)


@template(DEVELOPMENT, DESK)
def mail_inbox(s: Sheet) -> None:
    """Draw a mail program: folders, a list of mails."""
    theme = s.theme()
    s.rect(0, 0, 1000, 40, theme.accent)
    s.text(20, 10, "Mail", 18, "white", bold=True)
    s.rect(300, 7, 400, 26, "white", radius=13)
    for k, folder in enumerate(("Inbox", "Sent", "Drafts", "Archive", "Spam", "Bin")):
        s.text(20, 64 + 32 * k, folder, 14, theme.ink, bold=k == 0)
    rows = int((s.height - 60) / 34)
    for k in range(rows):
        y, content = 50 + 34 * k, s.vary(f"mail {k + 1}")
        s.rect(150, y, 840, 32, theme.panel if k % 2 else theme.back)
        s.oval(160, y + 10, 10, 10, theme.accent if content.random() < 0.3 else theme.dim)
        s.text(182, y + 8, content.name(), 13, theme.ink, bold=True)
        s.text(340, y + 8, content.sentence(9, ""), 13, theme.ink, room=540)
        s.text(980, y + 8, s.vary(f"date {k + 1}").date(), 12, theme.dim, at="ra")


@template(DEVELOPMENT, PHONE, has_photo=True)
def podcast_player(s: Sheet) -> None:
    """Draw a player: a square cover, a title, a bar, buttons."""
    theme = s.theme(dark=0.7)
    _status(s, theme)
    s.photo("photo", 90, 160, 820, 820, radius=30)
    s.text(90, 1020, s.vary("title").title(3), 50, theme.ink, bold=True, room=820)
    s.text(90, 1090, s.vary("speaker").name(), 38, theme.dim)
    played = s.vary("played").uniform(0.1, 0.9)
    s.rect(90, 1180, 820, 10, theme.dim, radius=5)
    s.rect(90, 1180, 820 * played, 10, theme.accent, radius=5)
    s.oval(90 + 820 * played - 16, 1169, 32, 32, theme.accent)
    s.text(90, 1206, f"{int(played * 50)}:{int(played * 3599) % 60:02}", 26, theme.dim)
    s.oval(430, 1290, 140, 140, theme.accent)
    s.shape([(480, 1320), (480, 1400), (545, 1360)], "white")
    for x in (220, 780):
        s.oval(x - 45, 1315, 90, 90, None, line=theme.ink, thick=4)


@template(DEVELOPMENT, PHONE)
def weather(s: Sheet) -> None:
    """Draw a forecast: the temperature in large digits, hours, days."""
    s.fill(s.style.choice(("#2b6cb0", "#5a7fa8", "#1b2a49", "#e8eef5")))
    ink = "white" if s.is_dark else "#1c1c1e"
    s.text(500, 110, s.vary("city").city(), 64, ink, at="ma")
    s.text(500, 190, f"{s.vary('temperature').randint(-9, 38)}\u00b0", 190, ink, at="ma")
    s.text(
        500,
        420,
        s.vary("sky").choice(("Cloudy", "Sunny", "Rain", "Snow", "Fog", "Thunder")),
        44,
        ink,
        at="ma",
    )
    for k in range(6):
        content = s.vary(f"hour {k + 1}")
        s.text(100 + 160 * k, 540, f"{8 + 2 * k}:00", 30, ink, at="ma")
        warm = content.randint(-9, 38)
        s.oval(75 + 160 * k, 590, 50, 50, "#ffd166" if warm > 15 else "#cfe2f3")
        s.text(100 + 160 * k, 660, f"{warm}\u00b0", 36, ink, at="ma")
    days = int((s.height - 800) / 96)
    for k in range(days):
        y, content = 760 + 96 * k, s.vary(f"day {k + 1}")
        s.text(60, y + 24, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[k % 7], 40, ink)
        low, high = content.randint(-9, 14), content.randint(15, 38)
        s.text(400, y + 24, f"{low}\u00b0", 40, ink, at="ra")
        s.rect(430 + 6 * (low + 9), y + 42, 6 * (high - low), 14, "#ffd166", radius=7)
        s.text(940, y + 24, f"{high}\u00b0", 40, ink, at="ra")


@template(DEVELOPMENT, DESK)
def shop_listing(s: Sheet) -> None:
    """Draw a shop on the web: filters at the left, a grid of products."""
    theme = s.theme(dark=0.15)
    s.rect(0, 0, 1000, 48, theme.accent)
    s.text(24, 12, s.style.company(), 22, "white", bold=True)
    for k in range(9):
        s.rect(24, 80 + 44 * k, 14, 14, None, line=theme.dim)
        s.text(48, 78 + 44 * k, s.style.title(1), 14, theme.ink)
    for row in range(2):
        for column in range(4):
            x, y, name = 190 + 202 * column, 66 + 248 * row, f"{row + 1}.{column + 1}"
            s.rect(x, y, 190, 236, theme.panel, radius=6)
            s.photo(f"picture {name}", x + 8, y + 8, 174, 150)
            s.text(x + 10, y + 166, s.vary(f"product {name}").product(), 14, theme.ink, room=170)
            s.text(
                x + 10,
                y + 192,
                s.vary(f"price {name}").amount(300, "EUR"),
                18,
                theme.accent,
                bold=True,
            )


@template(DEVELOPMENT, SLIDE, has_photo=True)
def quiz_slide(s: Sheet) -> None:
    """Draw a slide of a quiz: a question, four answers, a picture at the right."""
    theme = s.theme()
    s.rect(0, s.height - 36, 1000, 36, theme.accent)
    s.text(20, s.height - 27, s.style.company(), 16, "white")
    s.text(980, s.height - 27, s.vary("number").number(2), 16, "white", at="ra")
    s.lines("question", 40, 50, 480, 30, count=3, ink=theme.ink)
    for k in range(4):
        y = 220 + 66 * k
        s.rect(40, y, 480, 54, theme.panel, radius=10)
        s.text(60, y + 14, "ABCD"[k], 24, theme.accent, bold=True)
        s.text(100, y + 14, s.vary(f"answer {k + 1}").title(2), 24, theme.ink)
    s.photo("photo", 560, 50, 400, s.height - 130)


@template(DEVELOPMENT, DESK)
def log_viewer(s: Sheet) -> None:
    """Draw a window that shows a program's log, coloured by severity."""
    s.fill(s.style.choice(("#1e1e1e", "#002b36", "#f7f7f7", "#0c0c0c")))
    dark = s.is_dark
    s.rect(0, 0, 1000, 28, "#3c3c3c" if dark else "#d8d8d8")
    for k, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        s.oval(12 + 20 * k, 8, 12, 12, colour)
    s.text(
        500, 6, s.style.handle() + ".log", 13, "white" if dark else "black", at="ma", face="mono"
    )
    for k in range(int((s.height - 50) / 16)):
        content, y = s.vary(f"line {k + 1}"), 36 + 16 * k
        level, colour = content.choice(
            (("INFO ", "#3fa34d"), ("WARN ", "#d08700"), ("ERROR", "#d62828"), ("DEBUG", "#3a7ca5"))
        )
        s.text(12, y, content.time() + ":" + content.number(2), 11, "#8a8a8a", face="mono")
        s.text(90, y, level, 11, colour, face="mono", bold=True)
        s.text(
            150,
            y,
            content.words(content.randint(4, 12)),
            11,
            "#dddddd" if dark else "#222222",
            face="mono",
        )


@template(DEVELOPMENT, DESK, has_photo=True)
def web_article(s: Sheet) -> None:
    """Draw an article on the web: a banner, a picture, two columns of text."""
    theme = s.theme(dark=0.2)
    s.text(40, 14, s.style.company().upper(), 30, theme.accent, bold=True, face="serif")
    for k in range(5):
        s.text(960 - 90 * k, 24, s.style.title(1), 14, theme.dim, at="ra")
    s.rect(40, 60, 920, 2, theme.ink)
    s.text(40, 74, s.vary("headline").title(5), 32, theme.ink, bold=True, room=600)
    s.photo("photo", 40, 130, 560, s.height - 180)
    s.lines("text", 630, 80, 330, 14, count=int((s.height - 110) / 21), ink=theme.ink)
    s.text(40, s.height - 40, s.vary("caption").sentence(9), 13, theme.dim)


@template(DEVELOPMENT, ((800, 400), (1200, 600), (600, 600)), has_details=False)
def word_mark(s: Sheet) -> None:
    """Draw a company's name on nothing: transparent around it."""
    s.fill("#00000000", mode="RGBA")
    ink = s.style.choice(("#ffffff", "#ffffff", "#111111", s.accent()))
    content = s.vary("name")
    s.text(
        500,
        s.height / 2,
        content.choice((content.company, content.first_name, content.city))(),
        190,
        ink,
        at="mm",
        bold=True,
        room=900,
    )
    s.text(500, s.height - 60, s.vary("motto").words(4), 44, ink, at="mm")
