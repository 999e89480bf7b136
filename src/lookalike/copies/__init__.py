"""Pictures to fingerprints, and two fingerprints to a proof that one is a copy of the other.

`fingerprint` makes a fingerprint, `pack` and `unpack` serialize it. `verify` matches two and tells
where they differ, `look_closely` finds small differences of pictures at hand. `kind_of` says what
a match means, `changes` describes it.
"""

from .alignment import View
from .closely import look_closely
from .descriptors import VOCABULARY_SIZE, descriptor_model
from .fingerprint import Fingerprint, fingerprint, stored_fingerprint
from .geometry import (
    TO_PIXEL_CENTRES,
    clip_to_picture,
    frame_corners,
    scale_transform,
    transform_points,
)
from .kind import FULL_OVERLAP, changes, kind_of, percent
from .overlay import Side
from .packed import pack, unpack, unpack_pdq, unpack_words
from .pdq import MIN_PDQ_QUALITY, PDQ_BITS, Form, Hashes, forms, transpose_pdq, unpack_hashes
from .threads import single_threaded
from .verify import Verifier, inverse, verify

__all__ = [
    "FULL_OVERLAP",
    "MIN_PDQ_QUALITY",
    "PDQ_BITS",
    "TO_PIXEL_CENTRES",
    "VOCABULARY_SIZE",
    "Fingerprint",
    "Form",
    "Hashes",
    "Side",
    "Verifier",
    "View",
    "changes",
    "clip_to_picture",
    "descriptor_model",
    "fingerprint",
    "forms",
    "frame_corners",
    "inverse",
    "kind_of",
    "look_closely",
    "pack",
    "percent",
    "scale_transform",
    "single_threaded",
    "stored_fingerprint",
    "transform_points",
    "transpose_pdq",
    "unpack",
    "unpack_hashes",
    "unpack_pdq",
    "unpack_words",
    "verify",
]
