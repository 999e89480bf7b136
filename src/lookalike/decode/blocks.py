"""Where the formats keep metadata: the blocks of EXIF, XMP, IPTC and text, and what is attached."""

from __future__ import annotations

import binascii
import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exif import digest
from .iptc import find_iptc
from .jpeg_blocks import add_jpeg
from .sequence import gif_blocks, png_chunks
from .tiff import Tiff, clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_TEXTS = 1000
_MAX_TEXT_BYTES = 2**20
_MAX_CHUNKS = 10_000
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_GIF_XMP = b"\x0bXMP DataXMP"
_IPTC, _PHOTOSHOP, _XMP = 33723, 34377, 700
_JP2_UUIDS = {
    b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac": "xmp",
    b"JpgTiffExif->JP2": "exif",
}
_ALPHA = re.compile(r"alpha|urn:mpeg:(?:hevc|mpegB|avc):.*auxid:1|.*:auxiliary:alpha")


@dataclass
class Blocks:
    """The metadata of a file, not read yet.

    Attributes:
        exif: with or without its `Exif` prefix.
        xmp: packets.
        iptc: IIM datasets.
        texts: keyword and text.
        attached: a name for each thing that is attached, and what stands for it.
    """

    exif: bytes | None = None
    xmp: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    texts: list[tuple[str, str]] = field(default_factory=list)
    attached: dict[str, str] = field(default_factory=dict)

    def attach(self, name: str, what: str) -> None:
        """Add a thing to those of its name."""
        self.attached[name] = "\n".join(sorted({*self.attached.get(name, what).split("\n"), what}))


def find_blocks(image: Any, data: bytes, name: str) -> Blocks:
    """Find the metadata of a file.

    Args:
        image: the file as opened by the plugin of its format.
        data: the whole file.
        name: the format.
    """
    add: dict[str, Callable[[Blocks, Any, bytes], None]] = {
        "JPEG": add_jpeg,
        "PNG": _add_png,
        "WEBP": _add_webp,
        "GIF": _add_gif,
        "TIFF": _add_tiff,
        "JPEG2000": _add_jpeg2000,
        "HEIF": _add_heif,
        "AVIF": _add_avif,
    }
    blocks = Blocks()
    if name in add:
        try:
            add[name](blocks, image, data)
        except Exception:  # noqa: BLE001  damaged metadata says less, and is no error
            return blocks
    return blocks


def _add_png(blocks: Blocks, _: Any, data: bytes) -> None:
    for kind, start, length in png_chunks(data):
        body = data[start : start + min(length, _MAX_TEXT_BYTES)]
        if kind == b"eXIf":
            blocks.exif = data[start : start + length]
        elif kind == b"caBX":
            blocks.attach("content credentials", "present")
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and len(blocks.texts) < _MAX_TEXTS:
            key, _, rest = body.partition(b"\0")
            text = _png_text(kind, rest)
            if key == b"XML:com.adobe.xmp":
                blocks.xmp.append(text)
            elif key.startswith(b"Raw profile type "):
                _add_raw_profile(blocks, key[17:], text)
            else:
                coding = "utf-8" if kind == b"iTXt" else "latin-1"
                blocks.texts.append((clean_text(key), text.decode(coding, "replace").strip("\0 ")))


def _png_text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    is_packed, packed = True, rest[1:]
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        packed = rest[2:].split(b"\0", 2)[-1]
    return zlib.decompressobj().decompress(packed, _MAX_TEXT_BYTES) if is_packed else packed


def _add_raw_profile(blocks: Blocks, kind: bytes, text: bytes) -> None:
    """Add a block that ImageMagick wrote as text: name, length, hexadecimal digits."""
    parts = text.split(None, 2)
    if len(parts) < 3:  # noqa: PLR2004
        return
    body = binascii.unhexlify(b"".join(parts[2].split()))
    if kind in (b"exif", b"APP1") and body[:4] in (b"Exif", b"II*\0", b"MM\0*"):
        blocks.exif = blocks.exif or body
    elif kind == b"xmp":
        blocks.xmp.append(body)
    elif kind in (b"iptc", b"8bim"):
        blocks.iptc = find_iptc(body) or body


def _add_webp(blocks: Blocks, _: Any, data: bytes) -> None:
    at = 12
    for _number in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            blocks.exif = data[at + 8 : at + 8 + size]
        elif kind == b"XMP ":
            blocks.xmp.append(data[at + 8 : at + 8 + size])
        elif kind == b"C2PA":
            blocks.attach("content credentials", "present")
        at += 8 + size + (size & 1)


def _add_gif(blocks: Blocks, _: Any, data: bytes) -> None:
    for kind, start, end in gif_blocks(data):
        if kind == _GIF_COMMENT and len(blocks.texts) < _MAX_TEXTS:
            body, at = b"", start
            while at < end - 1:
                body += data[at + 1 : at + 1 + data[at]]
                at += data[at] + 1
            blocks.texts.append(("comment", clean_text(body)))
        elif kind == _GIF_APPLICATION and data.startswith(_GIF_XMP, start):
            packet = data[start + len(_GIF_XMP) : end]
            blocks.xmp.append(packet.partition(b"\x01\xff\xfe")[0])


def _add_tiff(blocks: Blocks, _: Any, data: bytes) -> None:
    tiff = Tiff(data)
    main = tiff.directory(tiff.first)
    blocks.exif = data
    if main is not None:
        blocks.xmp.append(tiff.raw(main, _XMP))
        blocks.iptc = tiff.raw(main, _IPTC) or find_iptc(tiff.raw(main, _PHOTOSHOP))


def _add_jpeg2000(blocks: Blocks, _: Any, data: bytes) -> None:
    at = 0
    for _number in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:  # noqa: PLR2004  the last box, or one of over 4 GiB
            return
        if kind == b"uuid":
            name, body = _JP2_UUIDS.get(data[at + 8 : at + 24]), data[at + 24 : at + size]
            if name == "exif":
                blocks.exif = body
            elif name == "xmp":
                blocks.xmp.append(body)
        at += size


def _add_heif(blocks: Blocks, image: Any, _: bytes) -> None:
    info = image.info
    _add_info(blocks, info)
    for depth in info.get("depth_images", ()):
        blocks.attach("depth map", "{}x{}".format(*depth.size))
    for kind in info.get("aux", {}):
        _attach_auxiliary(blocks, str(kind))
    for item in info.get("metadata", ()):
        if item.get("type") not in ("Exif", "mime") and item.get("data"):
            blocks.attach("other metadata", f"{item['type']} {digest(item['data'])}")


def _add_avif(blocks: Blocks, image: Any, data: bytes) -> None:
    _add_info(blocks, image.info)
    for kind in re.findall(rb"auxC\0{4}([\x21-\x7e]{4,100})\0", data[:_MAX_TEXT_BYTES]):
        _attach_auxiliary(blocks, kind.decode("ascii"))
    if re.search(rb"infe[\0-\xff]{8,10}tmap", data[:_MAX_TEXT_BYTES]):
        blocks.attach("gain map", "present")


def _add_info(blocks: Blocks, info: dict[str, Any]) -> None:
    exif, xmp = info.get("exif"), info.get("xmp")
    blocks.exif = exif if isinstance(exif, bytes) else None
    if isinstance(xmp, bytes):
        blocks.xmp.append(xmp)


def _attach_auxiliary(blocks: Blocks, kind: str) -> None:
    if _ALPHA.fullmatch(kind):
        return
    lower = kind.lower()
    if "gainmap" in lower:
        blocks.attach("gain map", "present")
    elif "depth" in lower or "disparity" in lower:
        blocks.attach("depth map", "present")
    else:
        blocks.attach("auxiliary images", kind)
