"""XMP: what people wrote into a file or a sidecar, read without following any entity."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from .exif import digest, join_camera, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_XMP_BYTES = 16 * 2**20
_MAX_NODES = 50_000
_MAX_DEPTH = 60
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_XML = "http://www.w3.org/XML/1998/namespace "
_LISTS = {_RDF + "Bag", _RDF + "Seq", _RDF + "Alt"}
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.2/": "MP",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/1.0/audio/": "GAudio",
}
_NAMES = {
    "dc:title": "title",
    "dc:description": "description",
    "dc:subject": "keywords",
    "dc:creator": "author",
    "dc:rights": "copyright",
    "xmp:Rating": "rating",
    "xmp:Label": "label",
    "MicrosoftPhoto:LastKeywordXMP": "keywords",
    "MicrosoftPhoto:LastKeywordIPTC": "keywords",
    "lr:hierarchicalSubject": "hierarchical keywords",
    "mwg-rs:Regions": "regions",
    "MP:RegionInfo": "regions",
    "photoshop:Headline": "headline",
    "photoshop:City": "city",
    "photoshop:State": "state",
    "photoshop:Country": "country",
    "photoshop:Credit": "credit",
    "photoshop:Source": "source",
    "photoshop:Instructions": "instructions",
    "photoshop:TransmissionReference": "reference",
    "photoshop:AuthorsPosition": "author's title",
    "photoshop:CaptionWriter": "caption writer",
    "photoshop:Category": "category",
    "photoshop:SupplementalCategories": "more categories",
    "Iptc4xmpCore:Location": "place",
    "Iptc4xmpCore:CountryCode": "country code",
    "exif:UserComment": "comment",
    "exif:ExposureTime": "exposure time",
    "exif:FNumber": "f-number",
    "exif:ExposureProgram": "exposure program",
    "exif:ISOSpeedRatings": "iso",
    "exifEX:PhotographicSensitivity": "iso",
    "exif:ExposureBiasValue": "exposure bias",
    "exif:MeteringMode": "metering",
    "exif:FocalLength": "focal length",
    "exif:FocalLengthIn35mmFilm": "focal length in 35 mm",
    "exif:ExposureMode": "exposure mode",
    "exif:WhiteBalance": "white balance",
    "exif:GPSAltitude": "altitude",
    "exif:GPSImgDirection": "direction",
    "aux:Lens": "lens",
    "exifEX:LensModel": "lens",
    "aux:SerialNumber": "camera serial number",
    "exifEX:BodySerialNumber": "camera serial number",
    "aux:OwnerName": "owner",
    "exifEX:CameraOwnerName": "owner",
    "GDepth:Data": "depth map",
    "GImage:Data": "auxiliary images",
    "GAudio:Data": "audio",
}
_TIMES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
# What software writes by itself, what only describes the file, and what is read elsewhere.
_LEFT_OUT = re.compile(
    r"(?:xmpMM|xmpNote|xmpG|xmpTPg|stEvt|stRef|GCamera|Container|hdrgm|HDRGainMap|crss|illustrator"
    r"|pdf|x|rdf|xmpidq):.*|G(?:Depth|Image|Audio):(?!Data).*"
    r"|xmp:(?:CreatorTool|ModifyDate|MetadataDate|CreateDate|Thumbnails|Identifier|BaseURL)"
    r"|photoshop:(?:ColorMode|ICCProfile|History|DocumentAncestors|TextLayers|SidecarForExtension"
    r"|LegacyIPTCDigest|EmbeddedXMPDigest|DateCreated|Urgency)|dc:format|.*:NativeDigest"
    r"|tiff:.*|exif:(?:GPS(?!Altitude$|ImgDirection$).*|.*Version|PixelXDimension|PixelYDimension"
    r"|ColorSpace|ComponentsConfiguration|CompressedBitsPerPixel|DateTime.*|SubSec.*|Flash|MakerNote"
    r"|InteroperabilityIndex|NativeDigest)|exifEX:(?:Interoperability.*|Gamma)"
    r"|aux:(?:LensInfo|LensID|ImageNumber|ApproximateFocusDistance|FlashCompensation|Firmware)"
    r"|MicrosoftPhoto:(?:Rating|DateAcquired)|xmpRights:Marked"
)
_EDITS = re.compile(r"crs:.*")
_MAX_VALUE_CHARACTERS = 4096


@dataclass
class _Node:
    tag: str
    attributes: dict[str, str]
    children: list[_Node] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _RefusedError(Exception):
    """The XML declares entities, or is too large."""


def read_xmp(packet: bytes, *, is_sidecar: bool = False) -> dict[str, str]:
    """Read what an XMP packet says, by normalised name; several values are one a line, sorted.

    Args:
        packet: XML; what is no XMP, or is damaged, says nothing.
        is_sidecar: whether to read a developer's settings, too: in a sidecar they are the work.
    """
    properties = dict[str, list[str]]()
    for name, values in _properties(_parse(packet)):
        properties.setdefault(name, []).extend(values)
    facts = _times_and_places(properties)
    for name, values in properties.items():
        if _LEFT_OUT.fullmatch(name) or (_EDITS.fullmatch(name) and not is_sidecar):
            continue
        normal = _NAMES.get(name, name)
        texts = [_shorten(_number(one) if name.startswith("exif") else one) for one in values]
        kept = {*facts.get(normal, "").split("\n"), *texts} - {""}
        if kept and not (normal == "rating" and kept == {"0"}):
            facts[normal] = "\n".join(sorted(kept))
    return facts


def _parse(packet: bytes) -> _Node:
    """Parse XML to a tree: as much of it as is sound and within the bounds."""
    root = _Node("", {})
    stack, count = [root], 0
    if len(packet) > MAX_XMP_BYTES:
        return root

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > _MAX_DEPTH or count > _MAX_NODES:
            raise _RefusedError
        node = _Node(tag, attributes)
        stack[-1].children.append(node)
        stack.append(node)

    def add_text(text: str) -> None:
        stack[-1].text.append(text)

    def refuse(*_: object) -> None:
        raise _RefusedError

    is_wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = add_text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(packet if is_wide else packet.strip(b"\0 \r\n\t"), True)  # noqa: FBT003  expat takes no keywords
    except (expat.ExpatError, _RefusedError, ValueError, LookupError):
        return root
    return root


def _properties(root: _Node) -> Iterator[tuple[str, list[str]]]:
    """List the properties of all descriptions: name with prefix, values."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.tag != _RDF + "Description":
            waiting += reversed(node.children)
            continue
        yield from ((_name(key), [value.strip()]) for key, value in _own(node))
        yield from ((_name(child.tag), _values(child)) for child in node.children)


def _own(node: _Node) -> Iterator[tuple[str, str]]:
    """List the attributes that are properties."""
    for key, value in node.attributes.items():
        if " " in key and not key.startswith((_RDF, _XML)):
            yield key, value


def _values(node: _Node) -> list[str]:
    if _RDF + "resource" in node.attributes:
        return [node.attributes[_RDF + "resource"].strip()]
    for child in node.children:
        if child.tag == _RDF + "Alt":
            chosen = [
                item
                for item in child.children
                if item.attributes.get(_XML + "lang", "x-default") == "x-default"
            ]
            return [text for item in (chosen or child.children)[:1] for text in _values(item)]
        if child.tag in _LISTS:
            return [text for item in child.children for text in _values(item)]
    parts = [f"{_name(key)}={value.strip()}" for key, value in _own(node)]
    for child in node.children:
        if child.tag == _RDF + "Description":
            parts += _values(child)
        else:
            parts.append(f"{_name(child.tag)}={', '.join(sorted(_values(child)))}")
    return ["; ".join(sorted(parts))] if parts else ["".join(node.text).strip()]


def _name(tag: str) -> str:
    space, _, name = tag.rpartition(" ")
    prefix = _PREFIXES.get(space) or _PREFIXES.get(space + "/")
    return f"{prefix or re.split(r'[/#]', space.rstrip('/#'))[-1]}:{name}"


def _times_and_places(properties: dict[str, list[str]]) -> dict[str, str]:
    first = {name: values[0] for name, values in properties.items() if values}
    times = (parse_time(first[name]) for name in _TIMES if name in first)
    digitized = parse_time(first.get("exif:DateTimeDigitized", ""))
    facts = {"taken": next(filter(None, times), None), "digitized": digitized}
    facts["digitized"] = None if facts["digitized"] == facts["taken"] else facts["digitized"]
    facts["camera"] = join_camera(first.get("tiff:Make", ""), first.get("tiff:Model", ""))
    latitude = _degrees(first.get("exif:GPSLatitude", ""), 90)
    longitude = _degrees(first.get("exif:GPSLongitude", ""), 180)
    if latitude and longitude:
        facts |= {"latitude": latitude, "longitude": longitude}
    return {name: value for name, value in facts.items() if value}


def _degrees(text: str, most: int) -> str | None:
    """Write `48,51.5N` or `48,51,30N` as degrees."""
    match = re.fullmatch(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])", text)
    if match is None:
        return None
    degrees = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return f"{-degrees if match[4] in 'SW' else degrees:.5f}" if degrees <= most else None


def _number(text: str) -> str:
    """Write a fraction as EXIF's are written."""
    match = re.fullmatch(r"(-?\d{1,12})/(\d{1,12})", text)
    return f"{int(match[1]) / int(match[2]):.6g}" if match and int(match[2]) else text


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_VALUE_CHARACTERS else digest(text.encode("utf-8", "replace"))
