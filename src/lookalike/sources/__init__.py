"""Where pictures come from: folders, object stores, URLs, archives, and lists.

`walk` lists and `read` reads, whatever the kind of address. `HttpClient` keeps URLs out of private
networks, and `DeletionCheck` tells a deleted file from one that is offline.
"""

from .addresses import (
    absolute,
    below,
    is_absolute,
    is_local,
    is_under,
    name_of,
    scheme_of,
    split_member,
)
from .content import (
    CONTENT_HASH_BYTES,
    MAX_FILE_BYTES,
    PICTURE_SUFFIXES,
    TRY_AGAIN,
    check_id,
    content_hash,
    file_content_hash,
    format_size,
    is_id,
    read_stream,
)
from .labelled_folder import LabelledPicture, list_labelled
from .metadata import metadata_from_json
from .mounts import MountPoints
from .prefetch import map_ahead
from .read import (
    check_address,
    check_root,
    is_gone,
    read,
    release,
    stat_source,
    why_unreachable,
)
from .relocation import MEMBER, Relocation, any_absolute, is_absolute_anywhere
from .roots import (
    DeletionCheck,
    merge_roots,
    require_known,
    require_online,
    root_folder,
    split_online,
    unmounted,
)
from .safe_http import HttpClient, PrivateAddressError
from .walk import walk

__all__ = [
    "CONTENT_HASH_BYTES",
    "MAX_FILE_BYTES",
    "MEMBER",
    "PICTURE_SUFFIXES",
    "TRY_AGAIN",
    "DeletionCheck",
    "HttpClient",
    "LabelledPicture",
    "MountPoints",
    "PrivateAddressError",
    "Relocation",
    "absolute",
    "any_absolute",
    "below",
    "check_address",
    "check_id",
    "check_root",
    "content_hash",
    "file_content_hash",
    "format_size",
    "is_absolute",
    "is_absolute_anywhere",
    "is_gone",
    "is_id",
    "is_local",
    "is_under",
    "list_labelled",
    "map_ahead",
    "merge_roots",
    "metadata_from_json",
    "name_of",
    "read",
    "read_stream",
    "release",
    "require_known",
    "require_online",
    "root_folder",
    "scheme_of",
    "split_member",
    "split_online",
    "stat_source",
    "unmounted",
    "walk",
    "why_unreachable",
]
