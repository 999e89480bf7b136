"""Documents and cards to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.tables import CARD, LONG_SLIP, PAGE, TEST, template

if TYPE_CHECKING:
    from benchmarks.copies.drawn.content import Content
    from benchmarks.copies.drawn.sheet import Sheet

_WIDE_CARD = ((1400, 600), (1750, 750), (1050, 450))


def _address(content: Content) -> tuple[str, str, str]:
    return content.name(), content.street(), content.city()


@template(TEST, PAGE)
def letter(s: Sheet) -> None:
    """Draw a letter with the sender's head across, an address, paragraphs, a signature."""
    accent = s.accent()
    s.rect(50, 46, 900, 92, accent)
    s.text(74, 66, s.style.company(), 44, "white", bold=True)
    s.text(930, 84, s.style.email(), 18, "white", at="ra")
    for k, said in enumerate(_address(s.vary("address"))):
        s.text(80, 210 + 30 * k, said, 20)
    s.text(920, 210, s.vary("date").date(), 20, at="ra")
    s.text(80, 350, s.vary("subject").sentence(6, ""), 22, bold=True)
    s.text(80, 410, f"Dear {s.vary('greeting').name()},", 20)
    y = 460.0
    for k in range(s.style.randint(3, 4)):
        y = 24 + s.lines(f"paragraph {k + 1}", 80, y, 840, 20, count=s.style.randint(4, 6))
    s.text(80, y + 10, "Yours sincerely,", 20)
    s.text(80, y + 60, s.vary("signature").name(), 34, "#1a3a8f", face="serif")
    s.line([(50, s.height - 74), (950, s.height - 74)], accent, 2)
    foot = f"{s.style.street()}, {s.style.city()}   {s.style.phone()}   {s.style.code(2, 9)}"
    s.text(500, s.height - 62, foot, 15, "#666666", at="ma")


@template(TEST, PAGE)
def invoice(s: Sheet) -> None:
    """Draw a bill: a round mark, the number in a grey box, ruled rows, sums at the right."""
    accent = s.accent()
    s.oval(60, 50, 96, 96, accent)
    s.text(108, 98, s.style.company()[0], 56, "white", at="mm", bold=True)
    s.text(176, 60, s.style.company(), 34, bold=True)
    s.text(176, 106, s.style.street(), 18, "#666666")
    s.rect(600, 50, 340, 130, "#eeeeee")
    for k, label in enumerate(("Invoice", "Date", "Customer")):
        s.text(616, 62 + 38 * k, label, 20, "#555555")
        content = s.vary(label.lower())
        said = (content.code, content.date, lambda c=content: c.number(6))[k]()
        s.text(926, 62 + 38 * k, said, 20, at="ra", bold=k == 0)
    for k, said in enumerate(_address(s.vary("receiver"))):
        s.text(60, 230 + 32 * k, said, 22)
    s.line([(60, 380), (940, 380)], accent, 4)
    rows = s.style.randint(9, 15)
    for k in range(rows):
        y, content = 396 + 50 * k, s.vary(f"item {k + 1}")
        s.text(60, y, f"{k + 1:02}", 20, "#888888")
        s.text(120, y, f"{content.product()}, {content.words(2)}", 20, room=480)
        s.text(720, y, f"{content.randint(1, 60)} x {content.amount(80)}", 20, at="ra")
        s.text(940, y, content.amount(1500), 20, at="ra")
        s.line([(60, y + 38), (940, y + 38)], "#dddddd", 1)
    y = 420 + 50 * rows
    for k, label in enumerate(("Subtotal", "Tax", "TOTAL DUE")):
        s.text(720, y + 42 * k, label, 22, at="ra", bold=k == 2)
        amount = s.vary(label.lower()).amount(9000)
        s.text(940, y + 42 * k, amount, 24 if k == 2 else 22, at="ra", bold=k == 2)
    s.lines("terms", 60, y + 170, 880, 17, count=2, ink="#555555")


@template(TEST, (*LONG_SLIP, (576, 1200)))
def receipt(s: Sheet) -> None:
    """Draw a narrow receipt with a logo, quantities at the left, a box around the sum."""
    s.fill(s.style.choice(("#ffffff", "#f6f4ee")))
    s.oval(420, 40, 160, 160, "#222222")
    s.text(500, 120, s.style.company()[:2].upper(), 80, "white", at="mm", bold=True)
    s.text(500, 230, s.style.company(), 50, at="ma", bold=True)
    s.text(500, 295, s.style.phone(), 34, at="ma")
    s.text(500, 350, f"{s.vary('date').date()}  {s.vary('time').time()}", 38, at="ma")
    s.text(60, 420, f"Table {s.vary('table').randint(1, 60)}", 36)
    s.text(940, 420, s.vary("waiter").first_name(), 36, at="ra")
    rows = int((s.height - 900) / 70)
    for k in range(rows):
        content = s.vary(f"item {k + 1}")
        s.text(60, 500 + 62 * k, f"{content.randint(1, 9)}", 38)
        s.text(140, 500 + 62 * k, content.product(), 38, room=540)
        s.text(940, 500 + 62 * k, content.amount(40), 38, at="ra")
    y = 530 + 62 * rows
    s.rect(50, y, 900, 110, None, line="#111111", thick=4)
    s.text(80, y + 28, "TOTAL", 54, bold=True)
    s.text(920, y + 28, s.vary("total").amount(300, s.style.currency()), 54, at="ra", bold=True)
    s.text(60, y + 150, f"Card **** {s.vary('card').number(4)}", 38)
    s.text(60, y + 210, f"Ref {s.vary('reference').code(3, 8)}", 38)
    s.text(500, y + 290, s.style.sentence(4, "!"), 38, at="ma")


@template(TEST, PAGE)
def bank_statement(s: Sheet) -> None:
    """Draw bookings of an account in five columns, the balance in a band."""
    accent = s.accent()
    s.text(60, 50, s.style.last_name() + " Bank", 46, accent, bold=True)
    s.text(940, 60, "Statement of account", 26, at="ra")
    s.text(60, 130, s.vary("holder").name(), 24)
    s.text(60, 166, f"Account {s.vary('account').number(10)}", 22)
    s.text(940, 166, f"Sheet {s.vary('sheet').number(2)}", 22, at="ra")
    s.rect(60, 220, 880, 44, "#e4e9ef")
    for x, head, at in (
        (74, "Date", "la"), (230, "Text", "la"), (760, "Amount", "ra"), (926, "Balance", "ra"),
    ):  # fmt: skip
        s.text(x, 230, head, 19, "#333333", at=at, bold=True)
    rows = int((s.height - 430) / 40)
    for k in range(rows):
        y, content = 276 + 40 * k, s.vary(f"booking {k + 1}")
        sign = content.choice("+-")
        s.text(74, y, content.date(), 18)
        s.text(230, y, f"{content.company()} {content.code(1, 5)}", 18, room=390)
        ink = "#1b7a3d" if sign == "+" else "#222222"
        s.text(760, y, sign + content.amount(900), 18, ink, at="ra")
        s.text(926, y, content.amount(20000), 18, at="ra")
    s.rect(60, s.height - 120, 880, 60, accent)
    s.text(80, s.height - 106, "New balance", 26, "white", bold=True)
    s.text(920, s.height - 106, s.vary("balance").amount(40000), 26, "white", at="ra", bold=True)


@template(TEST, ((1366, 900), (1600, 1000), (2200, 1400)))
def spreadsheet(s: Sheet) -> None:
    """Draw cells with numbers, letters above the columns, numbers before the rows."""
    s.rect(0, 0, 1000, 34, s.style.choice(("#217346", "#0f6cbd", "#444444")))
    s.text(16, 8, f"{s.style.title(2)}.table", 15, "white")
    s.rect(0, 34, 1000, 24, "#f3f3f3")
    columns, step = 9, 22
    wide = 960 / columns
    for k in range(columns):
        s.text(40 + wide * (k + 0.5), 40, "ABCDEFGHIJ"[k], 12, "#555555", at="ma")
    rows = int((s.height - 60) / step)
    for row in range(rows):
        y = 58 + step * row
        s.rect(0, y, 40, step, "#f3f3f3")
        s.text(20, y + 4, str(row + 1), 12, "#555555", at="ma")
        s.line([(0, y), (1000, y)], "#dadada", 0.6)
        for column in range(columns):
            x, content = 40 + wide * column, s.vary(f"cell {'ABCDEFGHIJ'[column]}{row + 1}")
            if column == 0:
                s.text(x + 4, y + 4, content.product(), 12, room=wide - 8, bold=row == 0)
            elif row == 0:
                s.text(x + wide - 5, y + 4, content.month(), 12, at="ra", bold=True)
            else:
                s.text(x + wide - 5, y + 4, content.amount(9000), 12, at="ra")
    for column in range(columns):
        x = 40 + wide * column
        s.line([(x, 34), (x, s.height)], "#dadada", 0.6)


@template(TEST, PAGE)
def tick_form(s: Sheet) -> None:
    """Draw a form: labelled lines filled in by hand, boxes with ticks, a signature."""
    ink = s.style.choice(("#1d3fa8", "#111111", "#0b2f6b"))
    s.text(60, 50, s.style.title(3), 38, bold=True)
    s.text(940, 60, f"Form {s.style.code(1, 4)}", 20, "#555555", at="ra")
    labels = ("Family name", "First name", "Street", "Town", "Telephone", "Born on", "Employer")
    for k, label in enumerate(labels):
        y, content = 150 + 84 * k, s.vary(label)
        s.text(60, y, label, 15, "#666666")
        s.rect(60, y + 22, 880, 44, "#f2f6fb")
        said = (
            content.name, content.first_name, content.street, content.city, content.phone,
            content.date, content.company,
        )[k]()  # fmt: skip
        s.text(76, y + 27, said, 30, ink, face="serif")
    top = 770
    for k in range(14):
        x, y = 60 + 460 * (k % 2), top + 50 * (k // 2)
        s.rect(x, y, 26, 26, None, line="#333333")
        if s.vary(f"tick {k + 1}").random() < 0.5:
            s.line([(x + 4, y + 14), (x + 11, y + 22), (x + 24, y - 2)], ink, 4)
        s.text(x + 40, y + 2, s.style.sentence(4, ""), 19)
    s.text(60, 1140, "Remarks", 15, "#666666")
    for k in range(3):
        s.text(
            60,
            1165 + 44 * k,
            s.vary(f"remark {k + 1}").sentence(8),
            28,
            ink,
            face="serif",
            room=880,
        )
    s.text(60, s.height - 100, s.vary("signature").name(), 40, ink, face="serif")
    s.line([(60, s.height - 48), (480, s.height - 48)], "#333333")
    s.text(60, s.height - 42, "Signature", 15, "#666666")


@template(TEST, CARD, has_photo=True)
def id_card(s: Sheet) -> None:
    """Draw a card lying: a photograph at the left, labelled lines, letters for machines below."""
    accent = s.accent()
    s.fill(s.style.choice(("#dfeaf2", "#f1ead9", "#e3efe3")))
    for k in range(24):
        y = k * s.height / 24
        s.line([(0, y), (1000, y + 30)], "#ffffff", 3)
    s.rect(0, 0, 1000, 84, accent)
    s.text(30, 22, s.style.company().upper(), 38, "white", bold=True)
    s.text(970, 22, "IDENTITY CARD", 34, "white", at="ra")
    s.photo("photo", 40, 116, 300, 372)
    for k, label in enumerate(("Name", "Date of birth", "Place of birth", "Valid until", "No.")):
        y, content = 112 + 76 * k, s.vary(label)
        s.text(380, y, label, 19, "#555555")
        said = (content.name, content.date, content.city, content.date, content.code)[k]()
        s.text(380, y + 22, said, 36, bold=True)
    s.rect(0, 516, 1000, s.height - 516, "#ffffff")
    for k in range(2):
        line = s.vary(f"machine line {k + 1}")
        said = f"{line.name().upper().replace(' ', '<')}<<{line.number(9)}<".ljust(36, "<")
        s.text(40, 528 + 48 * k, said, 36, face="mono", room=920)


@template(TEST, _WIDE_CARD)
def boarding_pass(s: Sheet) -> None:
    """Draw a pass for a flight: two cities, seat and gate, a stub with a code."""
    accent = s.accent()
    s.fill("#f7f8fa")
    s.rect(0, 0, 1000, 70, accent)
    s.text(30, 18, s.style.last_name() + " Air", 32, "white", bold=True)
    s.text(700, 22, "BOARDING PASS", 26, "white", at="ra")
    start, end = s.vary("from"), s.vary("to")
    for x, city in ((40, start.city()), (380, end.city())):
        s.text(x, 96, city[:3].upper(), 78, bold=True)
        s.text(x, 184, city, 22, "#555555")
    s.text(300, 110, ">", 60, accent, at="ma")
    for k, label in enumerate(("Passenger", "Flight", "Date", "Gate", "Seat", "Boarding")):
        x, y, content = 40 + 220 * (k % 3), 235 + 82 * (k // 3), s.vary(label)
        s.text(x, y, label, 17, "#777777")
        said = (
            content.name, lambda c=content: c.code(2, 4), content.date,
            lambda c=content: f"{c.choice('ABCD')}{c.number(2)}",
            lambda c=content: f"{c.number(2)}{c.choice('ACDF')}", content.time,
        )[k]()  # fmt: skip
        s.text(x, y + 22, said, 27, bold=True, room=210)
    for k in range(20):
        s.line([(730, 80 + 18 * k), (730, 90 + 18 * k)], "#999999", 2)
    s.matrix("code", 770, 100, 190)
    s.text(770, 310, s.vary("name on stub").name(), 24, room=200)
    s.text(770, 350, s.vary("seat on stub").number(2) + "C", 40, bold=True)


@template(TEST, ((900, 1400), (750, 1200), (1200, 1900)), has_photo=True)
def event_ticket(s: Sheet) -> None:
    """Draw a ticket for an evening: a picture, a band, a large QR code."""
    accent = s.accent()
    s.fill(s.style.choice(("#ffffff", "#17151f", "#fdf3e3")))
    dark = s.is_dark
    ink = "white" if dark else "#1c1c1e"
    s.photo("photo", 40, 40, 920, 520, radius=24)
    s.text(60, 590, s.vary("event").title(3), 58, ink, bold=True, room=880)
    s.text(60, 670, s.vary("place").city(), 38, accent, bold=True)
    s.text(940, 670, s.vary("date").date(), 38, ink, at="ra")
    s.rect(40, 740, 920, 6, accent)
    for k, label in enumerate(("Row", "Seat", "Entrance")):
        s.text(60, 790 + 150 * k, label, 30, "#888888")
        s.text(60, 826 + 150 * k, s.vary(label).number(2), 70, ink, bold=True)
    s.rect(330, 780, 620, 620, "#ffffff", radius=16)
    s.matrix("code", 365, 815, 550)
    s.text(60, s.height - 80, s.vary("number").code(3, 8), 34, ink, face="mono")


@template(TEST, CARD)
def business_card(s: Sheet) -> None:
    """Draw a card of a person: a mark at the right, lines at the left."""
    accent = s.accent()
    s.fill(s.style.choice(("#ffffff", "#fbf9f4", "#20242b")))
    ink = "white" if s.is_dark else "#1c1c1e"
    s.shape([(800, 80), (920, 160), (880, 310), (720, 310), (680, 160)], accent)
    s.text(800, 340, s.style.company(), 34, accent, at="ma", bold=True, room=340)
    s.text(70, 90, s.vary("name").name(), 60, ink, bold=True, room=560)
    s.text(70, 170, s.vary("role").title(2), 36, accent)
    contact = s.vary("telephone").phone(), s.vary("address").email()
    for k, said in enumerate((*contact, s.vary("street").street(), s.vary("city").city())):
        s.text(70, 320 + 62 * k, said, 36, ink, room=600)


@template(TEST, ((1754, 1240), (1400, 1000), (2480, 1754)))
def certificate(s: Sheet) -> None:
    """Draw a document in a frame of lines, a name in large letters, a seal."""
    accent = s.accent()
    s.fill(s.style.choice(("#fffef8", "#fbf6e6", "#f7fafc")))
    for inset in (24, 34):
        s.rect(inset, inset, 1000 - 2 * inset, s.height - 2 * inset, None, line=accent, thick=3)
    s.text(500, 70, "Certificate", 64, accent, at="ma", face="serif", bold=True)
    s.text(500, 158, f"of {s.vary('subject').title(3)}", 30, at="ma", face="serif")
    s.text(500, 218, "awarded to", 20, "#777777", at="ma")
    s.text(500, 250, s.vary("name").name(), 68, at="ma", face="serif", bold=True)
    for k in range(4):
        said = s.vary(f"reason {k + 1}").sentence(10, "")
        s.text(500, 362 + 38 * k, said, 24, at="ma", face="serif", room=820)
    s.oval(450, 540, 100, 100, accent)
    s.text(500, 590, s.style.number(4), 24, "white", at="mm")
    s.text(180, 600, s.vary("date").date(), 24, at="ma", face="serif")
    s.text(820, 590, s.vary("signed by").name(), 34, "#1a3a8f", at="ma", face="serif")
    s.line([(700, 634), (940, 634)], "#555555")


@template(TEST, ((1000, 640), (800, 520), (1200, 760)))
def price_label(s: Sheet) -> None:
    """Draw a label of a shelf: what it is, a large price, a bar code."""
    accent = s.style.choice(("#ffe600", "#e30613", "#ffffff", "#009640"))
    s.rect(0, 0, 1000, 130, accent)
    ink = "#111111" if accent in {"#ffe600", "#ffffff"} else "#ffffff"
    s.text(30, 34, s.vary("name").product(), 58, ink, bold=True, room=940)
    s.text(30, 150, s.vary("details").sentence(5), 34, "#444444", room=900)
    s.text(960, 220, s.vary("price").amount(300), 190, at="ra", bold=True, room=560)
    s.text(960, 420, f"{s.vary('unit price').amount(90)} per kg", 34, "#444444", at="ra")
    s.bars("bar code", 40, 250, 330, 170)
    s.text(40, s.height - 70, s.vary("date").date(), 32)
    s.text(960, s.height - 70, s.vary("number").code(1, 6), 32, at="ra")
