"""Pictures to fingerprints, and two fingerprints to a proof that one is a copy of the other.

`fingerprint` makes one, `pack` and `unpack` store it, `verify` matches two, `kind_of` judges.
"""

from .descriptors import WORDS, basis
from .fingerprint import Fingerprint, fingerprint, stored_fingerprint
from .geometry import MIDDLE, clip_to_picture, frame_corners, resizing, transform_points
from .kind import WHOLE, changes, kind_of, percent
from .packed import pack, unpack, unpack_pdq, unpack_words
from .threads import one_thread
from .verify import Verifier, View, inverse, verify

__all__ = [
    "MIDDLE",
    "WHOLE",
    "WORDS",
    "Fingerprint",
    "Verifier",
    "View",
    "basis",
    "changes",
    "clip_to_picture",
    "fingerprint",
    "frame_corners",
    "inverse",
    "kind_of",
    "one_thread",
    "pack",
    "percent",
    "resizing",
    "stored_fingerprint",
    "transform_points",
    "unpack",
    "unpack_pdq",
    "unpack_words",
    "verify",
]
