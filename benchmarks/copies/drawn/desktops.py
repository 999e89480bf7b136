"""Screens of computers, and marks without a background, to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import DESK, TEST, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet

_KEYWORDS = ("def", "return", "for", "if", "class", "import", "while", "else")
_CODE_INKS = ("#c678dd", "#61afef", "#98c379", "#e5c07b")


@template(TEST, DESK, has_photo=True)
def web_page(s: Sheet) -> None:
    """Draw a site in a browser: tabs, a banner with a picture, three boxes."""
    theme = s.theme(dark=0.2)
    s.rect(0, 0, 1000, 26, "#dee1e6")
    s.rect(10, 4, 180, 22, "#ffffff", radius=6)
    s.text(20, 8, s.style.company(), 11, "#333333")
    s.rect(0, 26, 1000, 26, "#ffffff")
    s.text(60, 32, f"https://{s.style.handle()}.example/{s.vary('path').handle()}", 11, "#555555")
    s.photo("photo", 0, 52, 1000, 250)
    s.rect(60, 110, 400, 130, theme.back)
    s.text(80, 124, s.vary("heading").title(3), 28, theme.ink, bold=True, room=360)
    s.lines("welcome", 80, 166, 360, 14, count=3, ink=theme.dim)
    for k in range(3):
        x = 40 + 316 * k
        s.rect(x, 322, 290, s.height - 345, theme.panel)
        s.text(x + 16, 334, s.vary(f"box {k + 1}").title(2), 20, theme.accent, bold=True)
        s.lines(
            f"text {k + 1}", x + 16, 368, 258, 14, count=int((s.height - 400) / 21), ink=theme.ink
        )


@template(TEST, DESK)
def file_manager(s: Sheet) -> None:
    """Draw a desktop with a wall of colour, icons, and a window that lists files."""
    back, other = s.style.choice(
        (("#0a6ebd", "#4aa3e0"), ("#2d1b4e", "#7b4397"), ("#14532d", "#65a30d"))
    )
    s.fill(back)
    s.shape([(0, s.height), (1000, s.height * 0.3), (1000, s.height)], other)
    for k in range(7):
        s.rect(20, 20 + 66 * k, 36, 34, s.style.choice(("#ffd54f", "#ffffff", "#90caf9")), radius=4)
        s.text(38, 58 + 66 * k, s.style.title(1), 10, "white", at="ma")
    s.rect(120, 40, 820, s.height - 100, "#ffffff", radius=8)
    s.rect(120, 40, 820, 30, "#e9e9ec", radius=8)
    s.text(140, 47, s.vary("folder").title(2), 14, bold=True)
    for x, head in ((150, "Name"), (520, "Changed"), (700, "Kind"), (850, "Size")):
        s.text(x, 80, head, 12, "#777777")
    for k in range(int((s.height - 190) / 21)):
        y, content = 102 + 21 * k, s.vary(f"file {k + 1}")
        s.rect(150, y + 2, 13, 14, content.choice(("#ffd54f", "#90caf9", "#ef9a9a", "#a5d6a7")))
        s.text(172, y + 1, content.handle() + content.choice((".pdf", ".txt", ".zip", "")), 13)
        s.text(520, y + 1, f"{content.date()} {content.time()}", 13, "#555555")
        s.text(
            700, y + 1, content.choice(("Document", "Folder", "Archive", "Picture")), 13, "#555555"
        )
        s.text(910, y + 1, f"{content.randint(1, 999)} KB", 13, "#555555", at="ra")
    s.rect(0, s.height - 32, 1000, 32, "#1f1f1f")
    s.text(980, s.height - 25, s.vary("clock").time(), 14, "white", at="ra")


@template(TEST, DESK)
def terminal(s: Sheet) -> None:
    """Draw a terminal: prompts, commands and what they print."""
    s.fill(s.style.choice(("#000000", "#300a24", "#1d1f21", "#fdf6e3")))
    ink = "#333333" if not s.is_dark else "#e6e6e6"
    prompt = f"{s.style.first_name().lower()}@{s.style.last_name().lower()}:~$ "
    for k in range(int((s.height - 20) / 17)):
        y, content = 10 + 17 * k, s.vary(f"line {k + 1}")
        if k % 5 == 0:
            s.text(10, y, prompt, 13, "#4e9a06", face="mono", bold=True)
            s.text(10 + 8.2 * len(prompt), y, content.words(4), 13, ink, face="mono")
        else:
            said = f"{content.handle():24} {content.number(6):>10}  {content.words(5)}"
            s.text(10, y, said, 13, ink, face="mono")


@template(TEST, DESK)
def code_editor(s: Sheet) -> None:
    """Draw an editor: files at the left, numbered lines with coloured words."""
    s.fill(s.style.choice(("#282c34", "#1e1e2e", "#22272e")))
    s.rect(0, 0, 170, s.height, "#21252b")
    for k in range(14):
        s.text(16, 36 + 24 * k, s.style.handle() + ".py", 12, "#9da5b4", face="mono", room=140)
    s.rect(170, 0, 830, 28, "#1b1d23")
    s.text(190, 7, s.vary("file").handle() + ".py", 13, "#d7dae0", face="mono")
    depth = 0
    for k in range(int((s.height - 60) / 18)):
        y, content = 38 + 18 * k, s.vary(f"line {k + 1}")
        s.text(206, y, str(k + 1), 13, "#5c6370", face="mono", at="ra")
        depth = min(max(depth + content.choice((-1, 0, 0, 1)), 0), 4)
        x = 222 + 26.0 * content.randint(0, 3)
        for n, word in enumerate(
            (content.choice(_KEYWORDS), *content.words(content.randint(2, 6)).split())
        ):
            colour = (
                _CODE_INKS[0] if n == 0 else content.choice((*_CODE_INKS[1:], "#abb2bf", "#abb2bf"))
            )
            s.text(x, y, word, 13, colour, face="mono")
            x += 8.1 * (len(word) + 1)
    s.rect(0, s.height - 22, 1000, 22, s.accent())


@template(TEST, DESK)
def dashboard(s: Sheet) -> None:
    """Draw numbers in tiles, a chart of columns, a table."""
    theme = s.theme(dark=0.5)
    s.text(24, 14, s.style.title(2), 24, theme.ink, bold=True)
    for k in range(4):
        x = 24 + 244 * k
        s.rect(x, 56, 228, 100, theme.panel, radius=10)
        s.text(x + 16, 66, s.style.title(1), 15, theme.dim)
        s.text(x + 16, 88, s.vary(f"tile {k + 1}").amount(9000), 40, theme.ink, bold=True, room=196)
        change = s.vary(f"change {k + 1}")
        up = change.random() < 0.5
        s.text(
            x + 16,
            136,
            f"{'+' if up else '-'}{change.amount(20)}%",
            13,
            "#2f9e44" if up else "#e03131",
        )
    s.rect(24, 172, 570, s.height - 196, theme.panel, radius=10)
    for k in range(24):
        tall = s.vary(f"column {k + 1}").uniform(0.1, 1) * (s.height - 260)
        s.rect(44 + 22.4 * k, s.height - 44 - tall, 15, tall, theme.accent)
    s.rect(610, 172, 366, s.height - 196, theme.panel, radius=10)
    for k in range(int((s.height - 220) / 27)):
        content = s.vary(f"row {k + 1}")
        s.text(626, 186 + 27 * k, content.company(), 14, theme.ink)
        s.text(960, 186 + 27 * k, content.amount(9000), 14, theme.dim, at="ra")


@template(TEST, DESK, has_photo=True)
def video_player(s: Sheet) -> None:
    """Draw a film in a player: the frame, a bar with times, what comes next."""
    s.fill(s.style.choice(("#0f0f0f", "#181818", "#ffffff")))
    ink = "#1c1c1e" if not s.is_dark else "#f1f1f1"
    s.photo("photo", 20, 20, 700, 394)
    played = s.vary("played").uniform(0.05, 0.95)
    s.rect(20, 420, 700, 5, "#7a7a7a")
    s.rect(20, 420, 700 * played, 5, "#ff0033")
    s.text(20, 430, f"{int(played * 90)}:{int(played * 5400) % 60:02} / 90:00", 14, ink)
    s.text(20, 456, s.vary("title").title(5), 26, ink, bold=True, room=700)
    s.text(
        20, 492, f"{s.vary('channel').company()}, {s.vary('views').number(6)} views", 16, "#8a8a8a"
    )
    for k in range(int((s.height - 20) / 82)):
        y = 20 + 82 * k
        s.photo(f"next {k + 1}", 740, y, 124, 70)
        s.lines(f"next title {k + 1}", 872, y + 2, 116, 13, count=3, ink=ink)


@template(TEST, DESK, has_photo=True)
def game(s: Sheet) -> None:
    """Draw a game: a scene behind numbers, bars of health, a small map."""
    s.photo("photo", 0, 0, 1000, s.height)
    s.rect(20, 20, 240, 54, "#000000", radius=6)
    s.text(34, 26, s.vary("player").handle(), 16, "white", bold=True)
    s.rect(34, 50, 210, 12, "#5c5c5c")
    s.rect(34, 50, 210 * s.vary("health").uniform(0.1, 1), 12, "#e03131")
    s.rect(820, 20, 160, 50, "#000000", radius=6)
    s.text(966, 26, s.vary("score").number(6), 32, "#ffd43b", at="ra", bold=True)
    content = s.vary("map")
    s.oval(20, s.height - 150, 130, 130, "#203a27", line="#ffffff", thick=3)
    for _ in range(6):
        s.oval(
            45 + content.randint(0, 70),
            s.height - 125 + content.randint(0, 70),
            9,
            9,
            content.choice(("#ff6b6b", "#74c0fc")),
        )
    for k in range(6):
        slot = s.vary(f"slot {k + 1}")
        s.rect(
            330 + 60 * k,
            s.height - 70,
            52,
            52,
            slot.choice(("#364fc7", "#5f3dc4", "#2b8a3e", "#343a40", "#862e9c")),
            line="#ffffff",
            thick=2,
        )
        s.text(356 + 60 * k, s.height - 44, slot.number(2), 22, "white", at="mm", bold=True)


@template(TEST, ((1000, 500), (700, 700), (1600, 600)), has_details=False)
def logo(s: Sheet) -> None:
    """Draw a sign beside a name, transparent around both."""
    s.fill("#00000000", mode="RGBA")
    ink = s.style.choice(("#ffffff", "#ffffff", "#000000", s.accent()))
    tall, content = s.height, s.vary("sign")
    points = [
        (60 + content.randint(0, 240), tall / 2 - 120 + content.randint(0, 240)) for _ in range(5)
    ]
    s.shape(points, ink)
    s.oval(40, tall / 2 - 140, 280, 280, None, line=ink, thick=10)
    s.text(350, tall / 2 - 20, s.vary("name").last_name(), 150, ink, at="lm", bold=True, room=620)
    s.text(354, tall / 2 + 90, s.vary("trade").words(3), 46, ink, at="lm", room=600)
