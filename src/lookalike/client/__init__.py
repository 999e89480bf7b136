"""The methods of `Gallery` over HTTP, and the JSON that server and client share.

`Client` connects to a server; `open_gallery` opens a folder, an object store or a server.
"""

from .client import AnyGallery, Client, open_gallery
from .serialization import (
    ERROR_CODES,
    JSON_FIELDS,
    entry_as_json,
    group_as_json,
    group_from_json,
    hit_as_json,
    match_as_json,
    not_duplicate_as_json,
    rules_from_json,
)

__all__ = [
    "ERROR_CODES",
    "JSON_FIELDS",
    "AnyGallery",
    "Client",
    "entry_as_json",
    "group_as_json",
    "group_from_json",
    "hit_as_json",
    "match_as_json",
    "not_duplicate_as_json",
    "open_gallery",
    "rules_from_json",
]
