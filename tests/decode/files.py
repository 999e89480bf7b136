"""Files for the tests of decoding, made byte by byte where Pillow can't make them."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from ..conftest import draw

pillow_heif.register_heif_opener()
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42\0\0\0\x08mdat" + bytes(range(256)) * 4


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def photo(seed: int = 1, size: tuple[int, int] = (120, 90)) -> Image.Image:
    return draw(seed, (480, 360)).resize(size)


def noise(shape: tuple[int, ...], most: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.random.default_rng(seed).integers(0, most, shape).astype(np.uint16)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def tiff(
    directories: list[dict[int, tuple[int, Any]]],
    below: dict[int, list[int]] | None = None,
    order: str = "<",
) -> bytes:
    """Write a TIFF of directories, each of tags with type and value.

    The directories that `below` names as others' are in their SubIFDs, all else in the chain.
    """
    below = below or {}
    blob = bytearray(b"II*\0\0\0\0\0" if order == "<" else b"MM\0*\0\0\0\0")
    starts: dict[int, int] = {}
    inner = {one for many in below.values() for one in many}
    links = {}
    for number in [*sorted(inner), *(n for n in range(len(directories)) if n not in inner)]:
        entries = dict(directories[number])
        if number in below:
            entries[330] = (4, [starts[one] for one in below[number]])
        tails = {}
        for tag, (kind, value) in entries.items():
            data = (
                value
                if isinstance(value, bytes)
                else struct.pack(f"{order}{len(value)}" + {1: "B", 3: "H", 4: "I"}[kind], *value)
            )
            if len(data) > 4:
                blob += b"\0" * (len(blob) % 2)
                tails[tag] = (len(blob), len(value))
                blob += data
            else:
                tails[tag] = (struct.unpack(order + "I", data.ljust(4, b"\0"))[0], len(value))
        blob += b"\0" * (len(blob) % 2)
        starts[number] = len(blob)
        blob += struct.pack(order + "H", len(entries))
        for tag in sorted(entries):
            at, count = tails[tag]
            blob += struct.pack(order + "HHII", tag, entries[tag][0], count, at)
        links[number] = len(blob)
        blob += struct.pack(order + "I", 0)
    chain = [n for n in range(len(directories)) if n not in inner]
    struct.pack_into(order + "I", blob, 4, starts[chain[0]])
    for one, following in itertools.pairwise(chain):
        struct.pack_into(order + "I", blob, links[one], starts[following])
    return bytes(blob)


def picture_tags(image: Image.Image, at: int = 8) -> dict[int, tuple[int, Any]]:
    """Tags of an uncompressed RGB picture; its pixels are where `with_pixels` puts them."""
    width, height = image.size
    return {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8, 8, 8]),
        259: (3, [1]),
        262: (3, [2]),
        273: (4, [at]),
        277: (3, [3]),
        278: (4, [height]),
        279: (4, [width * height * 3]),
    }


def numbers_tiff(values: np.ndarray[Any, Any], photometric: int, **more: tuple[int, Any]) -> bytes:
    """An uncompressed TIFF of numbers of any kind, [H, W] or [H, W, C]; `more` tags, as `t281`."""
    body, channels = values.tobytes(), 1 if values.ndim == 2 else values.shape[2]
    tags = {
        256: (4, [values.shape[1]]),
        257: (4, [values.shape[0]]),
        258: (3, [values.dtype.itemsize * 8] * channels),
        259: (3, [1]),
        262: (3, [photometric]),
        273: (4, [0]),
        277: (3, [channels]),
        278: (4, [values.shape[0]]),
        279: (4, [len(body)]),
        339: (3, [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * channels),
        **{int(name[1:]): value for name, value in more.items()},
    }
    order = ">" if values.dtype.byteorder == ">" else "<"
    start = len(tiff([tags], order=order))
    tags[273] = (4, [start + at for at in tags[273][1]])
    return tiff([tags], order=order) + body


def raw_tags(**more: Any) -> dict[int, tuple[int, Any]]:
    """Tags of a sensor's data, none of which is there."""
    return {
        254: (4, [0]),
        256: (4, [4000]),
        257: (4, [3000]),
        258: (3, [14]),
        259: (3, [more.get("compression", 1)]),
        262: (3, [more.get("photometric", 32803)]),
        273: (4, [8]),
        277: (3, [1]),
        279: (4, [4]),
    }


def xmp(properties: str, spaces: str = "") -> bytes:
    """An XMP packet: attributes and children of one description, as `attributes>children`."""
    attributes, _, children = properties.partition(">")
    known = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
        "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
        "stArea": "http://ns.adobe.com/xmp/sType/Area#",
        "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
        "GCamera": "http://ns.google.com/photos/1.0/camera/",
    }
    declared = " ".join(f'xmlns:{name}="{space}"' for name, space in known.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {spaces} {attributes}>{children}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def camera_exif(**texts: str) -> Image.Exif:
    """EXIF as a camera writes it."""
    exif = Image.Exif()
    exif[271], exif[272], exif[305], exif[306] = (
        "Canon",
        "Canon EOS R6",
        "Firmware",
        "2024:06:01 08:00:00",
    )
    inner = exif.get_ifd(34665)
    inner[36867], inner[36881] = texts.get("taken", "2024:05:01 12:00:00"), texts.get("offset", "")
    inner[33434], inner[33437], inner[34855], inner[42036] = 1 / 60, 2.8, 200, "RF 24-105mm"
    gps = exif.get_ifd(34853)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 30.0), "W", (2.0, 17.5, 0.0)
    return exif
