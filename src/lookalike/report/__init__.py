"""HTML pages and drawings that several features share.

`write_document` writes a page, `thumbnail` and `sprite` small pictures, `lay_out` a 2-D map.
"""

from .document import escape, write_document
from .map import lay_out
from .thumbnails import TILE_PIXELS, data_uri, open_thumbnail, sprite, thumbnail

__all__ = [
    "TILE_PIXELS",
    "data_uri",
    "escape",
    "lay_out",
    "open_thumbnail",
    "sprite",
    "thumbnail",
    "write_document",
]
