"""A gallery's tables and manifest, in a folder or an object store.

`Store` holds pictures and refusals, `FingerprintIndex` the fingerprints that prove copies, and
`Manifest` the lasting choices.
"""

from .bucket import Bucket
from .check import TableCheck, check_table, repair_table
from .checksums import check_files
from .failures import READ_ATTEMPTS, DamageError
from .fingerprint_index import ContentFilter, FingerprintIndex
from .lock import write_lock
from .manifest import MANIFEST_NAME, EncoderCard, Manifest, locate_gallery
from .place import Place, open_place, parse_place
from .readers import Reader, wait_for_readers
from .removal import deleted_files
from .rows import (
    HAS_PROPERTIES,
    PROPERTY_COLUMNS,
    Record,
    RefusalRecord,
    property_fields,
    to_properties,
)
from .sealed_json import damaged_files, read_sealed, write_sealed
from .sql import from_text, path_literal, to_text, under_filter
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
    "damaged_files",
    "deleted_files",
    "from_text",
    "locate_gallery",
    "open_place",
    "parse_place",
    "path_literal",
    "property_fields",
    "read_sealed",
    "repair_table",
    "to_properties",
    "to_text",
    "under_filter",
    "wait_for_readers",
    "write_atomically",
    "write_lock",
    "write_sealed",
]
