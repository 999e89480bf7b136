"""Documents and drawings to build with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import (
    CARD,
    DEVELOPMENT,
    LONG_SLIP,
    PAGE,
    SLIDE,
    SQUARE,
    template,
)

if TYPE_CHECKING:
    from benchmarks.copies.drawn.sheet import Sheet


@template(DEVELOPMENT, PAGE)
def memo(s: Sheet) -> None:
    """Draw a memo: its heading at the left edge, a table of whom it concerns, paragraphs."""
    accent = s.accent()
    s.rect(0, 0, 36, s.height, accent)
    s.text(90, 70, "MEMORANDUM", 46, accent, bold=True)
    s.text(90, 130, s.style.company(), 24, "#555555")
    for k, label in enumerate(("To", "From", "Date", "Subject")):
        y = 200 + 44 * k
        s.text(90, y, label, 22, "#777777")
        content = s.vary(label)
        said = (content.name, content.name, content.date, lambda c=content: c.title(4))[k]()
        s.text(250, y, said, 22, bold=label == "Subject")
    s.line([(90, 390), (940, 390)], "#999999")
    y = 430.0
    for k in range(4):
        y = 26 + s.lines(f"paragraph {k}", 90, y, 850, 20, count=s.style.randint(4, 7))
    s.text(90, s.height - 80, f"{s.style.street()}, {s.style.city()}", 16, "#777777")


@template(DEVELOPMENT, PAGE)
def order_form(s: Sheet) -> None:
    """Draw an order: two boxes of addresses, a striped table, a total at the lower right."""
    accent = s.accent()
    s.text(940, 60, s.style.company().upper(), 38, accent, at="ra", bold=True)
    s.text(940, 112, s.style.email(), 17, "#666666", at="ra")
    for k, label in enumerate(("Deliver to", "Bill to")):
        x = 60 + 450 * k
        s.rect(x, 170, 420, 150, None, line="#aaaaaa", radius=8)
        s.text(x + 16, 182, label, 16, accent, bold=True)
        content = s.vary(label)
        for n, said in enumerate((content.name(), content.street(), content.city())):
            s.text(x + 16, 212 + 32 * n, said, 20)
    s.text(60, 345, f"Order {s.vary('order number').code()}", 24, bold=True)
    s.text(940, 348, s.vary("order date").date(), 20, at="ra")
    s.rect(60, 400, 880, 38, accent)
    for x, head, at in (
        (75, "Item", "la"),
        (640, "Qty", "ra"),
        (780, "Price", "ra"),
        (925, "Sum", "ra"),
    ):
        s.text(x, 408, head, 18, "white", at=at, bold=True)
    rows = s.style.randint(12, 20)
    for k in range(rows):
        y, content = 440 + 38 * k, s.vary(f"row {k + 1}")
        if k % 2:
            s.rect(60, y, 880, 38, "#f1f1f1")
        s.text(75, y + 8, content.product(), 19)
        s.text(640, y + 8, str(content.randint(1, 40)), 19, at="ra")
        s.text(780, y + 8, content.amount(90), 19, at="ra")
        s.text(925, y + 8, content.amount(900), 19, at="ra")
    y = 460 + 38 * rows
    s.text(780, y, "Total", 24, at="ra", bold=True)
    s.text(925, y, s.vary("total").amount(9000), 24, at="ra", bold=True)
    s.text(60, s.height - 70, "Please quote the order number. " + s.style.phone(), 16, "#666666")


@template(DEVELOPMENT, LONG_SLIP)
def till_slip(s: Sheet) -> None:
    """Draw a receipt of a shop, in letters of one width."""
    s.fill(s.style.choice(("#ffffff", "#fbfaf4", "#f3f3f1")))
    s.text(500, 50, s.style.company().upper(), 62, at="ma", face="mono", bold=True, room=900)
    s.text(500, 130, f"{s.style.street()}, {s.style.city()}", 34, at="ma", face="mono", room=900)
    s.text(60, 200, s.vary("date").date(), 36, face="mono")
    s.text(940, 200, s.vary("time").time(), 36, face="mono", at="ra")
    s.text(60, 250, "-" * 42, 36, face="mono", room=880)
    rows = s.style.randint(14, 22)
    step = min((s.height - 900) / rows, 76)
    for k in range(rows):
        content = s.vary(f"item {k + 1}")
        s.text(60, 300 + step * k, content.product(), 36, face="mono")
        s.text(940, 300 + step * k, content.amount(60), 36, face="mono", at="ra")
    y = 330 + step * rows
    s.text(60, y, "-" * 42, 36, face="mono", room=880)
    for k, label in enumerate(("SUM", "VAT", "CASH")):
        s.text(60, y + 50 + 66 * k, label, 48, face="mono", bold=k == 0)
        s.text(
            940, y + 50 + 66 * k, s.vary(label).amount(400), 48, face="mono", at="ra", bold=k == 0
        )
    s.bars("bar code", 150, y + 290, 700, 130)
    s.text(500, s.height - 70, "THANK YOU", 42, at="ma", face="mono")


@template(DEVELOPMENT, PAGE)
def questionnaire(s: Sheet) -> None:
    """Draw questions with five circles each, one of them filled in by hand."""
    accent = s.accent()
    s.text(500, 60, s.style.title(3), 40, accent, at="ma", bold=True)
    s.text(60, 140, "Name", 20)
    s.text(160, 136, s.vary("name").name(), 26, "#1d3fa8")
    s.line([(150, 172), (560, 172)], "#888888")
    s.text(620, 140, "Date", 20)
    s.text(700, 136, s.vary("date").date(), 26, "#1d3fa8")
    for k, label in enumerate(("never", "rarely", "often", "mostly", "always")):
        s.text(560 + 90 * k, 210, label, 15, "#666666", at="ma")
    rows = 15
    step = (s.height - 340) / rows
    for k in range(rows):
        y = 250 + step * k
        question = s.vary(f"question {k + 1}")
        s.text(60, y - 16, f"{k + 1}. {question.sentence(6, '')}", 23, room=450)
        s.text(60, y + 18, question.words(6) + "?", 23, room=450)
        answer = s.vary(f"answer {k + 1}").randrange(5)
        for n in range(5):
            s.oval(549 + 90 * n, y - 2, 22, 22, None, line="#444444")
            if n == answer:
                s.oval(552 + 90 * n, y + 1, 16, 16, "#1d3fa8")
        s.line([(60, y + step * 0.7), (960, y + step * 0.7)], "#eeeeee")


@template(DEVELOPMENT, ((638, 1011), (540, 860), (900, 1426)), has_photo=True)
def staff_badge(s: Sheet) -> None:
    """Draw an upright badge: a photograph in the middle, a name below it."""
    accent = s.accent()
    s.fill(s.style.choice(("#ffffff", "#f5f5f0")))
    s.rect(0, 0, 1000, 200, accent)
    s.text(500, 100, s.style.company(), 72, "white", at="mm", bold=True, room=900)
    s.photo("photo", 230, 270, 540, 620)
    s.text(500, 930, s.vary("name").name(), 84, at="ma", bold=True, room=900)
    s.text(500, 1045, s.vary("role").title(2), 52, "#555555", at="ma")
    s.rect(120, 1150, 760, 4, accent)
    s.text(120, 1200, "ID", 48, "#777777")
    s.text(880, 1200, s.vary("number").code(), 56, at="ra", face="mono")
    s.bars("bar code", 120, 1300, 760, 130)


@template(DEVELOPMENT, SQUARE)
def parcel_label(s: Sheet) -> None:
    """Draw a label of a parcel: sender, receiver, two codes."""
    s.rect(30, 30, 940, 940, None, line="#000000", thick=4)
    s.text(60, 55, s.style.company().upper(), 44, bold=True)
    s.rect(30, 130, 940, 4, "#000000")
    sender = s.vary("sender")
    for k, said in enumerate((sender.name(), sender.street(), sender.city())):
        s.text(60, 150 + 30 * k, said, 22)
    receiver = s.vary("receiver")
    for k, said in enumerate((receiver.name(), receiver.street(), receiver.city().upper())):
        s.text(330, 290 + 54 * k, said, 42, bold=k == 2)
    s.rect(30, 480, 940, 4, "#000000")
    s.matrix("code", 70, 520, 260)
    s.text(400, 530, s.vary("route").code(3, 3), 90, bold=True)
    s.text(400, 650, f"{s.vary('weight').amount(20)} kg", 44)
    s.text(400, 710, s.vary("date").date(), 36)
    s.bars("bar code", 140, 810, 720, 90)


@template(DEVELOPMENT, SLIDE)
def area_chart(s: Sheet) -> None:
    """Draw two areas over a grid, with a legend."""
    theme = s.theme()
    other = s.accent()
    bottom = s.height - 70
    s.text(60, 24, s.style.title(4), 30, theme.ink, bold=True)
    for k in range(6):
        y = bottom - k * (bottom - 110) / 5
        s.line([(80, y), (960, y)], theme.dim, 0.8)
        s.text(70, y, str(20 * k), 14, theme.dim, at="rm")
    points = 12
    for name, colour, most in (("upper", theme.accent, 0.95), ("lower", other, 0.5)):
        places = []
        for k in range(points):
            value = s.vary(f"{name} {k + 1}").uniform(most * 0.3, most)
            places.append((80 + k * 80, bottom - value * (bottom - 110)))
        s.shape([(80, bottom), *places, (960, bottom)], colour)
        s.line(places, theme.ink, 2)
    for k in range(points):
        s.text(80 + 80 * k, bottom + 14, str(2010 + k), 14, theme.dim, at="ma")
    for k, colour in enumerate((theme.accent, other)):
        s.rect(620 + 170 * k, 34, 16, 16, colour)
        s.text(644 + 170 * k, 32, s.style.company().split()[0], 16, theme.ink)


@template(DEVELOPMENT, PAGE, has_photo=True)
def recipe(s: Sheet) -> None:
    """Draw a page of a cookery book: a photograph above, ingredients beside the steps."""
    s.fill(s.style.choice(("#fffdf7", "#ffffff", "#f7f3ea")))
    accent = s.accent()
    s.photo("photo", 0, 0, 1000, 520)
    s.text(60, 550, s.vary("title").title(3), 52, accent, bold=True)
    s.text(60, 625, f"{s.vary('minutes').randint(10, 95)} minutes", 22, "#777777")
    s.rect(60, 680, 280, 560, "#efe9dc")
    for k in range(11):
        content = s.vary(f"ingredient {k + 1}")
        s.text(
            80,
            705 + 46 * k,
            f"{content.randint(2, 90) * 10} g {content.product().lower()}",
            20,
            room=245,
        )
    y = 680.0
    for k in range(4):
        s.text(380, y, str(k + 1), 44, accent, bold=True)
        y = 34 + s.lines(f"step {k + 1}", 430, y, 510, 20, count=4)
    s.text(940, s.height - 60, s.vary("page").number(3), 20, "#777777", at="ra")


@template(DEVELOPMENT, PAGE)
def timetable(s: Sheet) -> None:
    """Draw departures of a week: days across, times down, lessons in coloured boxes."""
    s.text(60, 50, s.style.title(2), 44, bold=True)
    s.text(940, 62, s.vary("week").date(), 26, at="ra")
    hours, top = 11, 170
    step = (s.height - top - 60) / hours
    for k, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri")):
        s.text(210 + 170 * k, 130, day, 24, at="ma", bold=True)
    colours = [s.accent() for _ in range(4)]
    for hour in range(hours):
        y = top + step * hour
        s.line([(60, y), (960, y)], "#cccccc", 1)
        s.text(60, y + 8, f"{8 + hour}:00", 18, "#666666")
        for day in range(5):
            content = s.vary(f"{day} {hour}")
            if content.random() < 0.7:
                s.rect(130 + 170 * day, y + 4, 160, step - 8, content.choice(colours), radius=6)
                s.text(140 + 170 * day, y + 12, content.title(1), 20, "white", bold=True)
                s.text(140 + 170 * day, y + 40, f"room {content.number(3)}", 15, "white")


@template(DEVELOPMENT, SQUARE)
def go_board(s: Sheet) -> None:
    """Draw a board of Go."""
    s.fill(s.style.choice(("#dcb35c", "#e8c97a", "#c79a4a")))
    step = 48
    for k in range(19):
        at = 68 + step * k
        s.line([(68, at), (68 + 18 * step, at)], "#3b2a10", 1.2)
        s.line([(at, 68), (at, 68 + 18 * step)], "#3b2a10", 1.2)
    for row in range(19):
        for column in range(19):
            stone = s.vary(f"{row} {column}").random()
            if stone < 0.5:
                place = (68 + column * step - 21, 68 + row * step - 21, 42, 42)
                s.oval(*place, "#111111" if stone < 0.25 else "#f7f7f2", line="#333333")


@template(DEVELOPMENT, SQUARE)
def metro_map(s: Sheet) -> None:
    """Draw lines of a metro, with stations and their names."""
    s.text(40, 30, s.style.city() + " Metro", 40, bold=True)
    for line in range(6):
        content = s.vary(f"line {line + 1}")
        colour = ("#d62828", "#1d70b8", "#2a9d3a", "#f2b705", "#7b2d8b", "#e76f00")[line]
        x, y = content.choice(((60, content.randint(150, 900)), (content.randint(100, 900), 120)))
        points = [(x, y)]
        heading = content.choice((0, 45, 90)) if y == 120 else content.choice((0, 45, -45))
        for _ in range(7):
            length = content.randint(80, 170)
            turn = math.radians(heading)
            points.append(
                (points[-1][0] + length * math.cos(turn), points[-1][1] + length * math.sin(turn))
            )
            heading += content.choice((-45, 0, 0, 45))
        s.line(points, colour, 9)
        for n, (at_x, at_y) in enumerate(points):
            s.oval(at_x - 9, at_y - 9, 18, 18, "white", line="#222222", thick=3)
            s.text(at_x + 14, at_y - 18, s.vary(f"station {line} {n}").city(), 17, "#222222")


@template(DEVELOPMENT, CARD)
def gift_card(s: Sheet) -> None:
    """Draw a voucher: an amount, a code, stripes of colour."""
    accent, other = s.accent(), s.accent()
    s.fill(s.style.choice(("#fff8e7", "#eef5f9", "#f8eef5")))
    for k in range(8):
        s.shape(
            [
                (560 + 70 * k, 0),
                (595 + 70 * k, 0),
                (395 + 70 * k, s.height),
                (360 + 70 * k, s.height),
            ],
            other,
        )
    s.rect(40, 40, 470, s.height - 80, "#ffffff", radius=20, line=accent, thick=4)
    s.text(70, 70, s.style.company(), 38, accent, bold=True, room=410)
    s.text(70, 150, s.vary("amount").amount(200, s.style.currency()), 64, bold=True, room=410)
    s.text(70, 260, f"for {s.vary('name').name()}", 34, room=410)
    s.text(70, 320, f"valid until {s.vary('date').date()}", 26, "#555555", room=410)
    s.text(70, 380, s.vary("code").code(4, 8), 36, face="mono", room=410)
    s.rect(660, s.height / 2 - 160, 320, 320, "#ffffff", radius=12)
    s.matrix("square", 690, s.height / 2 - 130, 260)
