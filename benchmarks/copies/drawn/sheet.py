"""A page or screen that a template draws on, with named fields whose content can be changed.

A template is a function of a `Sheet`. What it takes from `Sheet.style` is the same in every drawing
with one seed (the letterhead, the colours, the layout); what it takes from `Sheet.vary(name)` is
the content of a field, which another drawing may change alone. So two drawings differ in the chosen
fields and nowhere else. Lengths are in thousandths of the width, so one template draws any size.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from benchmarks.copies.drawn.content import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OTHER, SLIP = "other", "slip"  # what may happen to a field: other content, one character wrong
NOMINAL = 1000  # lengths across
DARK_LEVELS = 384  # the sum of red, green and blue below which a background is dark
FACES = {
    "sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    "mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    "condensed": ("DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf"),
}
_ACCENTS = (
    "#1a5fb4", "#c01c28", "#26a269", "#613583", "#e66100", "#0b7285", "#5c3c1f", "#d6336c",
    "#2f4858", "#7a9e00", "#b8860b", "#004d40",
)  # fmt: skip
_BRIGHT = ("#4dabf7", "#ff8787", "#69db7c", "#b197fc", "#ffa94d", "#3bc9db", "#f783ac", "#ffd43b")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours that belong together."""

    back: str
    panel: str
    ink: str
    dim: str
    accent: str
    is_dark: bool


@dataclass(frozen=True, slots=True)
class Template:
    """How one kind of document or screen is drawn.

    Attributes:
        name: the drawing function's.
        draw: draws it.
        sizes: widths and heights it is drawn at, in pixels.
        has_photo: whether its field `photo` shows one photograph large enough to be found.
        has_details: whether a field can change that is less than a tenth of what there is to see.
    """

    name: str
    draw: Callable[[Sheet], None]
    sizes: tuple[tuple[int, int], ...]
    has_photo: bool
    has_details: bool


class Sheet:
    """A drawing in the making.

    Attributes:
        image: RGB; RGBA if a template made it transparent.
        height: of the sheet, in thousandths of the width.
        style: chooses what all drawings with this seed share.
        fields: names of the fields, in the order of drawing.
        photo_box: where the field `photo` shows its photograph, in pixels: x, y, width, height.
    """

    def __init__(
        self,
        template: Template,
        seed: int,
        photos: Sequence[str],
        changes: Mapping[str, str] | None = None,
        *,
        shown: Image.Image | None = None,
    ) -> None:
        """Draw the template.

        Args:
            template: what to draw.
            seed: of the style and of the content.
            photos: paths of the photographs to show.
            changes: fields that get other content (`OTHER`) or one wrong character (`SLIP`).
            shown: the photograph to show in the field `photo`, whole, instead of a chosen one.
        """
        self._key, self._photos, self._changes = f"{template.name} {seed}", photos, changes or {}
        self._shown = shown
        self.style = Content(f"{self._key} style")
        size = self.style.choice(template.sizes)
        self.scale = size[0] / NOMINAL
        self.height = size[1] / self.scale
        self.face = self.style.choice((*FACES, "own", "own", "sans"))
        self.fields = list[str]()
        self.photo_box = (0, 0, 0, 0)
        self.fill("white", mode="RGB", size=size)
        template.draw(self)

    def vary(self, field: str) -> Content:
        """Return the source of a field's content."""
        if field not in self.fields:
            self.fields.append(field)
        change = self._changes.get(field)
        content = Content(f"{self._key} {field} {change if change == OTHER else ''}")
        content.slips = change == SLIP
        return content

    def accent(self) -> str:
        """Choose a strong colour."""
        return self.style.choice(_ACCENTS)

    def theme(self, *, dark: float = 0.4) -> Theme:
        """Choose colours, dark ones with a probability, and paint the background."""
        if self.style.random() < dark:
            accent = self.style.choice(_BRIGHT)
            back, panel = self.style.choice(
                (("#121212", "#242424"), ("#0d1b2a", "#1b2b3d"), ("#1e1b2e", "#322d4a"))
            )
            theme = Theme(back, panel, "#f1f1f1", "#9aa0a6", accent, is_dark=True)
        else:
            accent = self.accent()
            back, panel = self.style.choice(
                (("#ffffff", "#f0f2f5"), ("#faf7f0", "#eee8da"), ("#f4f6f8", "#ffffff"))
            )
            theme = Theme(back, panel, "#1c1c1e", "#70757a", accent, is_dark=False)
        self.fill(theme.back)
        return theme

    @property
    def is_dark(self) -> bool:
        """Whether the upper left corner is dark."""
        return int(np.sum(self.image.getpixel((0, 0))[:3])) < DARK_LEVELS

    def fill(self, colour: str, *, mode: str = "RGB", size: tuple[int, int] | None = None) -> None:
        """Start anew with a background, which may be transparent."""
        self.image = Image.new(mode, size or self.image.size, colour)
        self.pen = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float) -> tuple[int, int, int, int]:
        """Return left, upper, right and lower in pixels."""
        left, top = round(x * self.scale), round(y * self.scale)
        right, bottom = round((x + width) * self.scale), round((y + height) * self.scale)
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str | None = None,
        *,
        line: str | None = None,
        thick: float = 1.5,
        radius: float = 0,
    ) -> None:
        """Draw a rectangle."""
        stroke = self.thickness(thick) if line else 0
        box = self.box(x, y, width, height)
        if radius:
            self.pen.rounded_rectangle(box, radius * self.scale, fill, line, stroke)
        else:
            self.pen.rectangle(box, fill, line, stroke)

    def oval(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str | None = None,
        *,
        line: str | None = None,
        thick: float = 1.5,
    ) -> None:
        """Draw an ellipse inside a box."""
        self.pen.ellipse(
            self.box(x, y, width, height), fill, line, self.thickness(thick) if line else 0
        )

    def line(self, points: Sequence[tuple[float, float]], ink: str, thick: float = 1.5) -> None:
        """Draw a line through points."""
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self.pen.line(scaled, ink, self.thickness(thick), joint="curve")

    def shape(self, points: Sequence[tuple[float, float]], fill: str) -> None:
        """Fill a polygon."""
        self.pen.polygon([(x * self.scale, y * self.scale) for x, y in points], fill)

    def pie(self, x: float, y: float, width: float, start: float, end: float, fill: str) -> None:
        """Fill a slice of a circle, in degrees clockwise from the right."""
        self.pen.pieslice(self.box(x, y, width, width), start, end, fill)

    def thickness(self, thick: float) -> int:
        """Return a line's thickness in pixels."""
        return max(round(thick * self.scale), 1)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        ink: str = "#1c1c1e",
        *,
        at: str = "la",
        face: str = "",
        bold: bool = False,
        room: float = 0,
    ) -> None:
        """Write one line.

        Args:
            x: of the anchor.
            y: likewise.
            text: what is written.
            size: of the letters, in thousandths of the width.
            ink: its colour.
            at: the anchor, as in Pillow.
            face: of `FACES`; the sheet's own without.
            bold: whether the letters are bold.
            room: the width into which the letters are shrunk if they are wider.
        """
        pixels = size * self.scale
        font = _font(face or self.face, round(pixels), bold)
        if room and (length := font.getlength(text)) > room * self.scale:
            font = _font(face or self.face, int(pixels * room * self.scale / length), bold)
        self.pen.text((x * self.scale, y * self.scale), text, ink, font, at)

    def lines(
        self,
        field: str,
        x: float,
        y: float,
        width: float,
        size: float,
        *,
        count: int,
        ink: str = "#1c1c1e",
        gap: float = 1.5,
        face: str = "",
    ) -> float:
        """Write a paragraph, each line a field of its own; return the place below it."""
        font = _font(face or self.face, max(round(size * self.scale), 1), bold=False)
        for k in range(count):
            content = self.vary(f"{field}, line {k + 1}")
            words = content.sentence(30, end="").split()
            room = width * self.scale * (1 if k < count - 1 else content.uniform(0.3, 0.9))
            while len(words) > 1 and font.getlength(" ".join(words)) > room:
                words.pop()
            text = " ".join(words) if k == 0 else " ".join(words).lower()
            self.text(x, y, text + ("." if k == count - 1 else ""), size, ink, face=face)
            y += size * gap
        return y

    def photo(
        self, field: str, x: float, y: float, width: float, height: float, *, radius: float = 0
    ) -> None:
        """Show a photograph, cut to fill the box."""
        content = self.vary(field)
        box = self.box(x, y, width, height)
        size = (box[2] - box[0], box[3] - box[1])
        path = content.choice(self._photos)
        if field == "photo":
            self.photo_box = (box[0], box[1], *size)
            if self._shown:
                self._show_whole(self._shown, box)
                return
        picture = ImageOps.fit(_opened(path), size, Image.Resampling.BICUBIC)
        mask = None
        if radius:
            mask = Image.new("L", size, 0)
            ImageDraw.Draw(mask).rounded_rectangle((0, 0, *size), radius * self.scale, 255)
        self.image.paste(picture, box[:2], mask)

    def _show_whole(self, picture: Image.Image, box: tuple[int, int, int, int]) -> None:
        inside = ImageOps.contain(
            picture, (box[2] - box[0], box[3] - box[1]), Image.Resampling.BICUBIC
        )
        left = box[0] + (box[2] - box[0] - inside.width) // 2
        top = box[1] + (box[3] - box[1] - inside.height) // 2
        self.image.paste("#888888", box)
        self.image.paste(inside, (left, top))
        self.photo_box = (left, top, inside.width, inside.height)

    def matrix(self, field: str, x: float, y: float, side: float, ink: str = "#000000") -> None:
        """Draw what looks like a QR code: its content in modules, with three corners."""
        content = self.vary(field)
        count = 29
        bits = int.from_bytes(hashlib.shake_256(content.words(4).encode()).digest(106), "big")
        module = side / count
        for k in range(count * count):
            row, column = divmod(k, count)
            corner = (row < 8 or row > count - 9) and (column < 8 or column > count - 9)
            if bits >> k & 1 and not (corner and not (row > count - 9 and column > count - 9)):
                self.rect(x + column * module, y + row * module, module, module, ink)
        for left, top in ((0, 0), (count - 7, 0), (0, count - 7)):
            for inset, colour in ((0, ink), (1, "white"), (2, ink)):
                place = (x + (left + inset) * module, y + (top + inset) * module)
                self.rect(*place, (7 - 2 * inset) * module, (7 - 2 * inset) * module, colour)

    def bars(self, field: str, x: float, y: float, width: float, height: float) -> None:
        """Draw what looks like a bar code, with its digits below."""
        digits = self.vary(field).number(13)
        widths = [1 + (int(d) * k) % 3 for k, d in enumerate(digits * 5, 1)]
        unit, at = width / sum(widths), x
        for k, wide in enumerate(widths):
            if k % 2 == 0:
                self.rect(at, y, wide * unit * 0.9, height, "#000000")
            at += wide * unit
        self.text(x + width / 2, y + height + 4, digits, width / 16, at="ma", face="mono")


@functools.lru_cache(maxsize=512)
def _font(face: str, pixels: int, bold: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:  # noqa: FBT001 - a cache's key
    """Return a typeface where it is installed, and Pillow's own otherwise."""
    if face in FACES:
        try:
            return ImageFont.truetype(FACES[face][bold], max(pixels, 5))
        except OSError:
            pass
    return ImageFont.load_default(max(pixels, 5))


@functools.lru_cache(maxsize=64)
def _opened(path: str) -> Image.Image:
    with Image.open(path) as file:
        return file.convert("RGB")
