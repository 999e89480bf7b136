"""A gallery's tables and manifest, in a folder or an object store.

`Store` holds pictures and refusals, `FingerprintIndex` the fingerprints that prove copies, and
`Manifest` the lasting choices.
"""

from .bucket import Bucket
from .check import TableCheck, check_table, repair_table
from .checksums import check_files
from .contents import count_contents, files_of
from .failures import NOT_AS_WRITTEN, READ_ATTEMPTS, DamageError
from .fingerprint_index import ContentFilter, FingerprintIndex
from .lock import write_lock
from .manifest import MANIFEST_NAME, UNKNOWN_ROWS, EncoderCard, Manifest, locate_gallery
from .place import Place, open_place, parse_place
from .readers import Reader, has_deletions, wait_for_readers
from .removal import THUMBNAILS, deleted_files, erase_removed
from .rows import (
    HAS_PROPERTIES,
    PROPERTY_COLUMNS,
    Record,
    RefusalRecord,
    count_formats,
    property_fields,
    to_properties,
)
from .sealed_json import damaged_files, read_sealed, write_sealed
from .sql import batched, from_text, path_literal, relocated_condition, to_text, under_filter
from .store import FragmentPair, Store
from .table import Table
from .write_atomically import write_atomically

__all__ = [
    "HAS_PROPERTIES",
    "MANIFEST_NAME",
    "NOT_AS_WRITTEN",
    "PROPERTY_COLUMNS",
    "READ_ATTEMPTS",
    "THUMBNAILS",
    "UNKNOWN_ROWS",
    "Bucket",
    "ContentFilter",
    "DamageError",
    "EncoderCard",
    "FingerprintIndex",
    "FragmentPair",
    "Manifest",
    "Place",
    "Reader",
    "Record",
    "RefusalRecord",
    "Store",
    "Table",
    "TableCheck",
    "batched",
    "check_files",
    "check_table",
    "count_contents",
    "count_formats",
    "damaged_files",
    "deleted_files",
    "erase_removed",
    "files_of",
    "from_text",
    "has_deletions",
    "locate_gallery",
    "open_place",
    "parse_place",
    "path_literal",
    "property_fields",
    "read_sealed",
    "relocated_condition",
    "repair_table",
    "to_properties",
    "to_text",
    "under_filter",
    "wait_for_readers",
    "write_atomically",
    "write_lock",
    "write_sealed",
]
