"""HTML documents, thumbnails and maps that several features share.

`write_document` writes an HTML file, `thumbnail_uri` and `sprite` draw small pictures, `build_map`
arranges vectors on a plane.
"""

from .document import escape, write_document
from .map import build_map
from .thumbnails import TILE_PIXELS, data_uri, open_thumbnail, sprite, thumbnail_uri

__all__ = [
    "TILE_PIXELS",
    "build_map",
    "data_uri",
    "escape",
    "open_thumbnail",
    "sprite",
    "thumbnail_uri",
    "write_document",
]
