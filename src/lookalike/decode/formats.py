"""Formats by their first bytes: those that lookalike reads, and those that it can only name."""

from __future__ import annotations

import importlib
import io
from typing import Any, NamedTuple

from ..errors import NotAPictureError, UnsupportedFormatError

HEAD_BYTES = 1024  # that `sniff` and `check_supported` need
_BRANDS = range(16, 32, 4)  # where a container names what else it is
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "JPEG2000": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BMP_HEADER_BYTES = {12, 40, 52, 56, 64, 108, 124}
# Plugin classes are called directly: `Image.open` would also try formats that start other programs
# (EPS), and its pixel limit is global to the user's process.
_PLUGINS = {
    "JPEG": "PIL.JpegImagePlugin:JpegImageFile",
    "PNG": "PIL.PngImagePlugin:PngImageFile",
    "WEBP": "PIL.WebPImagePlugin:WebPImageFile",
    "GIF": "PIL.GifImagePlugin:GifImageFile",
    "BMP": "PIL.BmpImagePlugin:BmpImageFile",
    "TIFF": "lookalike.decode.tiff_file:TiffFile",
    "AVIF": "PIL.AvifImagePlugin:AvifImageFile",
    "HEIF": "pillow_heif:HeifImageFile",
    "JPEG2000": "PIL.Jpeg2KImagePlugin:Jpeg2KImageFile",
    "ICO": "PIL.IcoImagePlugin:IcoImageFile",
}
# A file that was refused as one of a format that is not here, such as `NEF` or `TIFF-variant`, is
# tried again once it is.
SUPPORTED_FORMATS = frozenset(_PLUGINS)


class _Magic(NamedTuple):
    start: int  # where the bytes are
    magic: bytes
    format: str
    words: str


_RAW = (
    _Magic(0, b"FUJIFILMCCD-RAW", "RAF", "Fujifilm RAF"),
    _Magic(0, b"IIRO", "ORF", "Olympus ORF"),
    _Magic(0, b"IIRS", "ORF", "Olympus ORF"),
    _Magic(0, b"MMOR", "ORF", "Olympus ORF"),
    _Magic(0, b"IIU\0", "RW2", "Panasonic RW2"),
    _Magic(4, b"ftypcrx ", "CR3", "Canon CR3"),
    _Magic(6, b"HEAPCCDR", "CRW", "Canon CRW"),
    _Magic(0, b"FOVb", "X3F", "Sigma X3F"),
    _Magic(0, b"\0MRM", "MRW", "Minolta MRW"),
)
_PICTURES = (
    _Magic(0, b"\0\0\0\x0cJXL \r\n\x87\n", "JXL", "JPEG XL"),
    _Magic(0, b"\xff\x0a", "JXL", "JPEG XL"),
    _Magic(0, b"II\xbc\x01", "JXR", "JPEG XR"),
    _Magic(0, b"8BPS\0\x01", "PSD", "Photoshop PSD"),
    _Magic(0, b"8BPS\0\x02", "PSB", "Photoshop PSB"),
    _Magic(0, b"gimp xcf", "XCF", "GIMP XCF"),
    _Magic(0, b"v/1\x01", "EXR", "OpenEXR"),
    _Magic(0, b"#?RADIANCE", "HDR", "Radiance HDR"),
    _Magic(0, b"qoif", "QOI", "QOI"),
    _Magic(0, b"BPG\xfb", "BPG", "BPG"),
    _Magic(0, b"DDS \x7c\0\0\0", "DDS", "DDS"),
    _Magic(0, b"\x8aMNG\r\n\x1a\n", "MNG", "MNG"),
    _Magic(0, b"AT&TFORM", "DJVU", "DjVu"),
    _Magic(128, b"DICM", "DICOM", "DICOM"),
    _Magic(0, b"SIMPLE  =", "FITS", "FITS"),
)
_OTHERS = (  # sound files that are no pictures, or drawings
    _Magic(0, b"%PDF-", "PDF", "a PDF document"),
    _Magic(0, b"%!PS", "PS", "a PostScript document"),
    _Magic(0, b"\xc5\xd0\xd3\xc6", "PS", "a PostScript document"),
    _Magic(0, b"\xd7\xcd\xc6\x9a", "WMF", "a WMF drawing"),
    _Magic(40, b" EMF", "EMF", "an EMF drawing"),
    _Magic(4, b"ftypM4A ", "M4A", "an MPEG-4 audio file"),
    _Magic(4, b"ftypqt  ", "MOV", "a QuickTime video"),
    _Magic(4, b"ftyp", "MP4", "an MP4 video"),
    _Magic(4, b"moov", "MOV", "a QuickTime video"),
    _Magic(0, b"\x1a\x45\xdf\xa3", "MKV", "a Matroska or WebM video"),
    _Magic(8, b"AVI LIST", "AVI", "an AVI video"),
    _Magic(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMV", "a Windows Media video"),
    _Magic(0, b"FLV\x01", "FLV", "a Flash video"),
    _Magic(0, b"\0\0\x01\xba", "MPEG", "an MPEG video"),
)
_SVG = "SVG", "an SVG drawing"
_SVG_BEGINS = (b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")


def sniff(head: bytes) -> str | None:
    """Return the format that the first `HEAD_BYTES` bytes of a file show; None if it is unknown.

    Example:
        >>> from pathlib import Path
        >>> sniff(Path("query.jpg").read_bytes()[:HEAD_BYTES])
        'JPEG'
    """
    for name, prefixes in _MAGIC.items():
        if head.startswith(prefixes):
            return name
    if head[4:8] == b"ftyp":  # the container of AVIF, HEIF and videos
        brands = {head[8:12], *(head[i : i + 4] for i in _BRANDS)}
        return "AVIF" if brands & _AVIF_BRANDS else "HEIF" if brands & _HEIF_BRANDS else None
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return "BMP"
    is_ico = head.startswith(b"\0\0\1\0") and head[4:6] != b"\0\0" and head[9:10] == b"\0"
    return "ICO" if is_ico else None


def check_supported(head: bytes, *, is_named_as_picture: bool = False) -> None:
    """Check that the first `HEAD_BYTES` bytes are not those of a format that can only be named.

    Args:
        head: of a file whose format `sniff` does not know.
        is_named_as_picture: whether its name is a picture's, so that it is refused, whatever it is.

    Raises:
        UnsupportedFormatError: it is a camera's raw file or a picture in a format that lookalike
            does not read.
        NotAPictureError: it is a video, a document or a drawing.
    """
    for kind in _RAW:
        if head.startswith(kind.magic, kind.start):
            raise raw_error(kind.format, kind.words)
    for kind in _PICTURES:
        if head.startswith(kind.magic, kind.start):
            raise UnsupportedFormatError(
                f"a {kind.words} picture, which lookalike can't read yet; index a JPEG or PNG of "
                "it",
                kind.format,
            )
    found = next((one for one in _OTHERS if head.startswith(one.magic, one.start)), None)
    name, words = (found.format, found.words) if found else _SVG
    if not found and not _is_svg(head):
        return
    if is_named_as_picture:
        raise UnsupportedFormatError(f"{words}, despite its name", name)
    raise NotAPictureError(f"{words}, which lookalike can't read", name)


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(_SVG_BEGINS) and b"<svg" in text and b"<html" not in text.lower()


def raw_error(name: str, words: str) -> UnsupportedFormatError:
    """Make the error for a camera's raw file of a format, such as `NEF`, `Nikon NEF`."""
    return UnsupportedFormatError(
        f"a camera's raw file ({words}), which lookalike can't read yet; index the JPEG made "
        "from it",
        name,
    )


def open_plugin(name: str, data: bytes) -> Any:
    """Open a file of a format by its class of Pillow."""
    module, attribute = _PLUGINS[name].split(":")
    image = getattr(importlib.import_module(module), attribute)(io.BytesIO(data))
    if name == "JPEG":
        image.decodermaxblock = len(data)  # arithmetic codes can't be decoded piece by piece
    return image
