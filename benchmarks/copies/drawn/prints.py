"""Printed matter, boards and plans to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import PAGE, SQUARE, TEST, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet


@template(TEST, ((1000, 1500), (1400, 2100), (1754, 2480)))
def book_page(s: Sheet) -> None:
    """Draw a page of a novel: the running title, one block of text, the number."""
    s.fill(s.style.choice(("#ffffff", "#f5efe0", "#fbf8f0")))
    s.text(500, 60, s.style.title(3), 24, "#777777", at="ma", face="serif")
    count = int((s.height - 260) / 43)
    s.lines("text", 110, 120, 780, 28, count=count, face="serif", gap=1.55)
    s.text(500, s.height - 80, s.vary("page").number(3), 26, at="ma", face="serif")


@template(TEST, ((1300, 1800), (1800, 2500)), has_photo=True)
def newspaper(s: Sheet) -> None:
    """Draw a front page: a title across, a large headline, a picture over two of three columns."""
    s.fill(s.style.choice(("#f4f1ea", "#ffffff")))
    name = f"The {s.style.city()} {s.style.choice(('Times', 'Post', 'Herald'))}"
    s.text(500, 30, name, 84, at="ma", face="serif", bold=True, room=920)
    s.line([(40, 142), (960, 142)], "#222222", 3)
    s.text(40, 152, s.vary("date").date(), 20, face="serif")
    s.text(960, 152, f"No. {s.vary('issue').number(5)}", 20, at="ra", face="serif")
    s.text(40, 194, s.vary("headline").title(5), 58, face="serif", bold=True, room=920)
    s.photo("photo", 40, 280, 608, 420)
    s.text(40, 708, s.vary("caption").sentence(9), 16, "#555555", face="serif", room=600)
    for k in range(3):
        x, top = 40 + 312 * k, 280 if k == 2 else 750
        s.text(x, top, s.vary(f"heading {k + 1}").title(2), 30, face="serif", bold=True, room=292)
        count = int((s.height - top - 90) / 24)
        s.lines(f"column {k + 1}", x, top + 46, 292, 16, count=count, face="serif")


@template(TEST, ((1200, 1700), (900, 1280), (1654, 2339)), has_photo=True)
def poster(s: Sheet) -> None:
    """Draw a poster of a concert: a photograph over the sheet, letters in a dark band."""
    accent = s.accent()
    s.photo("photo", 0, 0, 1000, s.height * 0.72)
    s.rect(0, s.height * 0.72, 1000, s.height * 0.28, "#14121a")
    s.rect(0, s.height * 0.72, 1000, 12, accent)
    s.text(
        500,
        s.height * 0.74,
        s.vary("band").title(2).upper(),
        96,
        "white",
        at="ma",
        bold=True,
        room=920,
    )
    s.text(500, s.height * 0.83, s.vary("date").date(), 54, accent, at="ma", bold=True)
    s.text(
        500,
        s.height * 0.88,
        s.vary("place").city() + ", " + s.style.company(),
        42,
        "white",
        at="ma",
    )
    s.text(
        500,
        s.height * 0.93,
        f"Tickets from {s.vary('price').amount(90, 'EUR')}",
        36,
        "#bbbbbb",
        at="ma",
    )


@template(TEST, PAGE)
def catalogue_page(s: Sheet) -> None:
    """Draw six things for sale in two columns, each a picture beside its text."""
    accent = s.accent()
    s.rect(0, 0, 1000, 90, accent)
    s.text(50, 22, s.vary("heading").title(2), 44, "white", bold=True)
    for k in range(8):
        x, y = 50 + 470 * (k % 2), 130 + 300 * (k // 2)
        s.photo(f"picture {k + 1}", x, y, 220, 220)
        s.text(x + 236, y, s.vary(f"name {k + 1}").product(), 24, bold=True, room=200)
        s.lines(f"description {k + 1}", x + 236, y + 40, 200, 16, count=5, ink="#444444")
        s.text(x + 236, y + 184, s.vary(f"price {k + 1}").amount(400, "EUR"), 28, accent, bold=True)
        s.line([(x, y + 250), (x + 440, y + 250)], "#cccccc", 1)
    s.text(500, s.height - 50, s.vary("page").number(3), 20, "#777777", at="ma")


@template(TEST, PAGE)
def sheet_music(s: Sheet) -> None:
    """Draw a page of music: staves of five lines with notes, four bars each."""
    s.text(500, 50, s.vary("title").title(3), 48, at="ma", face="serif", bold=True)
    s.text(940, 120, s.vary("composer").name(), 24, at="ra", face="serif")
    staves = int((s.height - 220) / 130)
    for stave in range(staves):
        top = 180 + 130 * stave
        for k in range(5):
            s.line([(50, top + 14 * k), (950, top + 14 * k)], "#222222", 1)
        s.oval(64, top + 14, 26, 40, None, line="#111111", thick=4)
        s.line([(80, top - 16), (80, top + 72)], "#111111", 3)
        for bar in range(4):
            s.line([(110 + 210 * (bar + 1), top), (110 + 210 * (bar + 1), top + 56)], "#222222", 2)
            content, x = s.vary(f"stave {stave + 1}, bar {bar + 1}"), 130 + 210 * bar
            while x < 110 + 210 * bar + 170:
                y = top + 7 * content.randint(-1, 9)
                full = content.random() < 0.75
                s.oval(x, y - 7, 19, 14, "#111111" if full else None, line="#111111", thick=2)
                if y > top + 28:
                    s.line([(x + 18, y), (x + 18, y - 48)], "#111111", 2.5)
                else:
                    s.line([(x + 1, y), (x + 1, y + 48)], "#111111", 2.5)
                x += content.choice((34, 46, 62))


@template(TEST, SQUARE)
def crossword(s: Sheet) -> None:
    """Draw a crossword that is half filled in."""
    s.text(40, 30, f"Crossword {s.style.number(4)}", 40, bold=True)
    count, step = 15, 58
    ink = s.style.choice(("#1d3fa8", "#222222", "#555555"))
    s.rect(62, 102, count * step + 6, count * step + 6, "#111111")
    for row in range(count):
        for column in range(count):
            content = s.vary(f"square {row + 1}, {column + 1}")
            if content.random() < 0.8:
                x, y = 66 + step * column, 106 + step * row
                s.rect(x, y, step - 3, step - 3, "#ffffff")
                if content.random() < 0.8:
                    s.text(
                        x + step / 2,
                        y + step / 2,
                        content.choice("ABCDEFGHILMNOPRSTU"),
                        36,
                        ink,
                        at="mm",
                    )


@template(TEST, SQUARE)
def sudoku(s: Sheet) -> None:
    """Draw nine by nine squares, with printed and written digits."""
    s.text(
        500,
        26,
        f"{s.style.choice(('Easy', 'Medium', 'Hard'))} no. {s.style.number(3)}",
        40,
        at="ma",
    )
    step, left, top = 96, 68, 96
    for row in range(9):
        for column in range(9):
            content = s.vary(f"row {row + 1}, column {column + 1}")
            place = (left + step * (column + 0.5), top + step * (row + 0.5))
            if content.random() < 0.85:
                printed = content.random() < 0.4
                ink = "#111111" if printed else "#2456c4"
                s.text(*place, content.choice("123456789"), 72, ink, at="mm", bold=printed)
    for k in range(10):
        thick = 4 if k % 3 == 0 else 1
        s.line([(left + step * k, top), (left + step * k, top + 864)], "#333333", thick)
        s.line([(left, top + step * k), (left + 864, top + step * k)], "#333333", thick)


@template(TEST, SQUARE)
def chess_board(s: Sheet) -> None:
    """Draw a position in chess, with letters and digits at the edges."""
    light, dark = s.style.choice(
        (("#f0d9b5", "#b58863"), ("#eeeed2", "#769656"), ("#dee3e6", "#8ca2ad"))
    )
    s.fill("#2b2b2b")
    step = 112
    for row in range(8):
        s.text(26, 62 + step * (row + 0.5), str(8 - row), 28, "white", at="mm")
        s.text(52 + step * (row + 0.5), 975, "abcdefgh"[row], 28, "white", at="mm")
        for column in range(8):
            x, y = 52 + step * column, 52 + step * row
            s.rect(x, y, step, step, light if (row + column) % 2 == 0 else dark)
            content = s.vary(f"square {'abcdefgh'[column]}{8 - row}")
            if content.random() < 0.7:
                fill, edge = content.choice((("#ffffff", "#222222"), ("#1a1a1a", "#888888")))
                s.oval(x + 14, y + 14, step - 28, step - 28, fill, line=edge, thick=3)
                s.text(
                    x + step / 2,
                    y + step / 2,
                    content.choice("KQRBNPP"),
                    56,
                    edge,
                    at="mm",
                    bold=True,
                    face="serif",
                )


@template(TEST, ((1400, 1000), (1754, 1240), (1000, 720)))
def calendar_month(s: Sheet) -> None:
    """Draw a month: seven columns, days with appointments."""
    accent = s.accent()
    s.text(
        40, 24, f"{s.vary('month').month()} {s.style.randint(2008, 2030)}", 44, accent, bold=True
    )
    wide, tall, top = 920 / 7, (s.height - 150) / 5, 120
    for column, day in enumerate(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")):
        s.text(40 + wide * (column + 0.5), 88, day, 20, "#666666", at="ma")
    for k in range(35):
        x, y = 40 + wide * (k % 7), top + tall * (k // 7)
        s.rect(x, y, wide, tall, "#f7f3ea" if k % 7 > 4 else None, line="#c8c8c8", thick=1)
        s.text(x + 6, y + 4, str(k % 31 + 1), 17, "#444444")
        for n in range(3):
            content = s.vary(f"day {k + 1}, entry {n + 1}")
            if content.random() < 0.7:
                colour = content.choice(("#d6336c", "#1971c2", "#2f9e44", "#e8590c"))
                s.rect(x + 5, y + 28 + 24 * n, wide - 10, 21, colour, radius=4)
                said = f"{content.time()} {content.title(1)}"
                s.text(x + 9, y + 31 + 24 * n, said, 13, "white", room=wide - 18)


@template(TEST, ((1400, 1000), (1000, 800), (2100, 1500)))
def floor_plan(s: Sheet) -> None:
    """Draw rooms with walls, doors, names and areas."""
    s.text(40, 20, f"{s.style.street()}, floor {s.vary('floor').number(1)}", 26, bold=True)
    columns = sorted(s.vary("walls across").sample(range(180, 860, 40), 3))
    xs, ys = (
        (40, *columns, 960),
        (80, 80 + (s.height - 140) / 3, 80 + (s.height - 140) / 1.5, s.height - 60),
    )
    names = ("Kitchen", "Bath", "Hall", "Office", "Store", "Bedroom", "Living room")
    for row in range(3):
        for column in range(4):
            content = s.vary(f"room {row + 1}.{column + 1}")
            x, y, wide, tall = (
                xs[column],
                ys[row],
                xs[column + 1] - xs[column],
                ys[row + 1] - ys[row],
            )
            s.rect(
                x,
                y,
                wide,
                tall,
                content.choice(("#ffffff", "#f3ede2", "#e7eef4", "#eaf2e6")),
                line="#222222",
                thick=5,
            )
            s.rect(x + content.uniform(0.15, 0.5) * wide, y + tall - 4, 44, 8, "#ffffff")
            s.text(
                x + wide / 2, y + tall * 0.36, content.choice(names), 20, at="mm", room=wide - 16
            )
            s.text(
                x + wide / 2,
                y + tall * 0.5,
                f"{content.amount(40)} m2",
                16,
                "#555555",
                at="mm",
                room=wide - 16,
            )
            for _ in range(3):
                at = x + content.uniform(0.1, 0.75) * wide, y + content.choice((0.08, 0.65)) * tall
                s.rect(*at, wide * 0.16, tall * 0.2, None, line="#777777")


@template(TEST, SQUARE)
def road_map(s: Sheet) -> None:
    """Draw a map of a town: blocks, roads, a river, a route, names."""
    s.fill("#eae6df")
    for k in range(10):
        content = s.vary(f"park {k + 1}")
        x, y = content.randint(0, 850), content.randint(0, 850)
        s.rect(
            x,
            y,
            content.randint(60, 220),
            content.randint(60, 220),
            content.choice(("#c8e6c0", "#dcd6cb", "#f3e9c6", "#e2d4d4")),
        )
    river = s.vary("river")
    s.line([(x, river.randint(200, 800)) for x in range(-50, 1100, 150)], "#a6cfe8", 40)
    for k in range(22):
        content, wide = s.vary(f"road {k + 1}"), 9 if k < 16 else 18
        at, slope = content.randint(-100, 1100), content.randint(-180, 180)
        ends = (
            [(at, -10), (at + slope, 1010)]
            if content.random() < 0.5
            else [(-10, at), (1010, at + slope)]
        )
        s.line(ends, "#cfc8bc", wide + 3)
        s.line(ends, "#ffffff" if wide == 9 else "#fbd68a", wide)
    for k in range(16):
        content = s.vary(f"name {k + 1}")
        place = s.style.randint(30, 800), s.style.randint(30, 960)
        s.text(*place, content.street().rsplit(" ", 1)[0], 20, "#444444")
    route = s.vary("route")
    s.line([(route.randint(80, 920), route.randint(80, 920)) for _ in range(5)], "#2f6fed", 12)
