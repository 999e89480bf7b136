"""A gallery's tables and manifest, in a folder or an object store.

`Store` holds pictures and refusals, `FingerprintIndex` the fingerprints that prove copies, and
`Manifest` the lasting choices.
"""

from .bucket import Bucket
from .contents import count_contents, files_of
from .failures import READ_ATTEMPTS
from .fingerprint_index import ContentFilter, FingerprintIndex
from .lock import write_lock
from .manifest import MANIFEST_NAME, EncoderCard, Manifest, locate_gallery
from .place import Place, open_place, parse_place
from .rows import (
    HAS_PROPERTIES,
    PROPERTY_COLUMNS,
    Record,
    RefusalRecord,
    property_fields,
    to_properties,
)
from .sql import from_text, path_literal, relocated_condition, to_text, under_filter
from .store import FragmentPair, Store
from .table import Table, batched
from .write_atomically import write_atomically

__all__ = [
    "HAS_PROPERTIES",
    "MANIFEST_NAME",
    "PROPERTY_COLUMNS",
    "READ_ATTEMPTS",
    "Bucket",
    "ContentFilter",
    "EncoderCard",
    "FingerprintIndex",
    "FragmentPair",
    "Manifest",
    "Place",
    "Record",
    "RefusalRecord",
    "Store",
    "Table",
    "batched",
    "count_contents",
    "files_of",
    "from_text",
    "locate_gallery",
    "open_place",
    "parse_place",
    "path_literal",
    "property_fields",
    "relocated_condition",
    "to_properties",
    "to_text",
    "under_filter",
    "write_atomically",
    "write_lock",
]
