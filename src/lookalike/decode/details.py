"""What a file holds besides pixels: what people and cameras wrote, how it was compressed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..types import Properties
from .blocks import Blocks, find_blocks
from .exif import MACHINE_WORDS, read_exif
from .iptc import read_iptc
from .picture import decode_opened, open_file
from .quality import is_lossless, jpeg_quality, subsampling
from .xmp import read_xmp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAX_FACTS = 1000
_MAX_CHARACTERS = 65_536  # of a value
# What people write, so that each of several texts counts; of the rest the first one does.
_WRITTEN = {"title", "description", "keywords", "author", "copyright", "comment", "regions"}
_WRITTEN |= {"hierarchical keywords", "more categories", "auxiliary images", "depth map", "audio"}
_MOST_IPTC = 32  # characters to which IPTC may have cut a text
_TEXT_NAMES = {  # of PNG, and ImageMagick's
    "title": "title",
    "author": "author",
    "description": "description",
    "copyright": "copyright",
    "comment": "comment",
}
_MACHINE_TEXTS = re.compile(
    r"(?:software|date:.*|exif:.*|tiff:.*|xmp:.*|thumb::.*|jpeg:.*|png:.*|icc:.*|signature|bkgd"
    r"|chrm|gama|svg:.*|pdf:.*|photoshop:.*|.*resolution.*|icc copyright|icc profile.*)"
)


@dataclass(frozen=True, slots=True)
class Details:
    """What a file holds besides its pixels.

    Attributes:
        format: such as `JPEG`.
        is_lossless: whether its compression keeps every pixel.
        quality: of a JPEG, estimated from its quantisation tables on libjpeg's scale, 1..100;
            None for other formats.
        subsampling: of a JPEG's colour, as `4:2:0`; None for other formats.
        properties: as `decode` tells them.
        metadata: what people and cameras wrote, by normalised name, wherever it is stored. Several
            values are one a line, sorted. Attached pictures and other data are stood for by a
            hash. What software writes by itself is left out.
    """

    format: str
    is_lossless: bool = True
    quality: int | None = None
    subsampling: str | None = None
    properties: Properties = field(default_factory=Properties)
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


def inspect(data: bytes) -> Details:
    """Find what a file holds besides its pixels.

    Args:
        data: the whole file.

    Raises:
        PictureError, MemoryError: as `decode`; damaged metadata is no error, it says less.

    Example:
        >>> from pathlib import Path
        >>> details = inspect(Path("query.jpg").read_bytes())
        >>> details.format, details.is_lossless
        ('JPEG', False)
    """
    sequence, name = open_file(data)
    blocks = find_blocks(sequence.image, data, name)
    picture = decode_opened(sequence, name, data)
    return Details(
        name,
        is_lossless(data, name),
        jpeg_quality(data) if name == "JPEG" else None,
        subsampling(data) if name == "JPEG" else None,
        picture.properties,
        _read(blocks) | _range(sequence.image),
    )


def read_sidecar(data: bytes) -> Mapping[str, str]:
    """Read what an .xmp sidecar says, by the names of `Details.metadata`.

    The settings of a raw developer are in it, too. What is no XMP, or is damaged, says nothing.

    Example:
        >>> read_sidecar(b"no XMP")
        {}
    """
    return _bounded(read_xmp(data, is_sidecar=True))


def _read(blocks: Blocks) -> dict[str, str]:
    sources = [read_exif(blocks.exif), *map(read_xmp, blocks.xmp), read_iptc(blocks.iptc)]
    facts = _merge([*sources, _read_texts(blocks.texts), blocks.attached])
    for name in ("title", "description", "comment"):
        if MACHINE_WORDS.fullmatch(facts.get(name, "")):
            del facts[name]
    if "taken" not in facts and "digitized" in facts:
        facts["taken"] = facts.pop("digitized")
    return _bounded(facts)


def _range(image: Any) -> dict[str, str]:
    """Tell the least and greatest number of floats and 32 bits, which pixels do not show."""
    known = getattr(image, "number_range", None)
    if known is None and image.mode not in ("I", "F"):
        return {}
    low, high = known or image.getextrema()
    return {"range": f"{low:.9g} {high:.9g}"}


def _merge(sources: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Join facts; the first of several that differ counts, unless people wrote them."""
    facts = dict[str, str]()
    for source in sources:
        for name, value in source.items():
            known = facts.get(name, "")
            if name not in _WRITTEN or not known:
                facts[name] = known or value
            elif value != known and not (len(value) >= _MOST_IPTC and known.startswith(value)):
                facts[name] = "\n".join(sorted({*known.split("\n"), *value.split("\n")}))
    return facts


def _read_texts(texts: list[tuple[str, str]]) -> dict[str, str]:
    facts = list[dict[str, str]]()
    for key, text in texts:
        lower = key.lower()
        if text and not _MACHINE_TEXTS.fullmatch(lower) and not MACHINE_WORDS.fullmatch(text):
            facts.append({_TEXT_NAMES.get(lower, f"text {key}"): text})
    return _merge(facts)


def _bounded(facts: dict[str, str]) -> dict[str, str]:
    few = sorted(facts.items())[:_MAX_FACTS]
    return {name[:200]: value[:_MAX_CHARACTERS] for name, value in few}
