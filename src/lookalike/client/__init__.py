"""The verbs of `Gallery` over HTTP, and the JSON that server and client share.

`Client` asks a server; `open_gallery` opens a folder, a bucket or a server by its address.
"""

from .client import AnyGallery, Client, open_gallery
from .serialization import ERROR_CODES, entry_as_json, group_as_json, group_from_json, hit_as_json

__all__ = [
    "ERROR_CODES",
    "AnyGallery",
    "Client",
    "entry_as_json",
    "group_as_json",
    "group_from_json",
    "hit_as_json",
    "open_gallery",
]
