"""The errors lookalike raises; each message is one sentence that says what to do next.

LookalikeError
├── ArgumentError           a value that can't be meant (also a ValueError)
├── PictureError            bytes that are no usable picture
│   └── NotAPictureError    bytes of another kind of file
├── EncoderError            an encoder that can't be found, read or run
├── DataSetError            a data set that can't be fetched, checked or unpacked
├── FeatureListError        a Parquet file that is no feature list, or another encoder's
├── ClusterError            a Ray cluster that is not there, or whose workers die
├── ServerError             a server that can't be reached, or does not let you in
└── GalleryError
    ├── GalleryNotFoundError    nothing there yet
    ├── GalleryBusyError        another process is writing
    ├── GalleryFormatError      a manifest that can't be read, or from a newer lookalike
    ├── EncoderMismatchError    the gallery's vectors come from another encoder
    ├── OfflineError            a root that is needed can't be reached
    └── StorageError            the disk or object store said no (full, read-only, unreachable)
"""

from __future__ import annotations


class LookalikeError(Exception):
    """Base of everything lookalike raises on purpose."""


class ArgumentError(LookalikeError, ValueError):
    """A value that can't be meant, such as `top=0`."""


class PictureError(LookalikeError):
    """Bytes that can't be used as a picture; the message is the reason."""


class NotAPictureError(PictureError):
    """Bytes that are of none of the known picture formats."""


class EncoderError(LookalikeError):
    """An encoder that can't be found, read or run."""


class DataSetError(LookalikeError):
    """A public data set that can't be fetched, is not what was published, or finds no room."""


class FeatureListError(LookalikeError):
    """A Parquet file that is no feature list of this gallery's encoder."""


class ClusterError(LookalikeError):
    """A Ray cluster that can't be used: not installed, not reached, or its workers die."""


class ServerError(LookalikeError):
    """A gallery's server that can't be reached, refuses, or failed."""


class GalleryError(LookalikeError):
    """Base of what can go wrong with a gallery."""


class GalleryNotFoundError(GalleryError):
    """There is no gallery at this place yet."""


class GalleryBusyError(GalleryError):
    """Another process is writing to the gallery."""


class GalleryFormatError(GalleryError):
    """The gallery's manifest can't be read, or a newer lookalike wrote it."""


class EncoderMismatchError(GalleryError):
    """The gallery's vectors were made by another encoder."""


class OfflineError(GalleryError):
    """A root that this needs can't be reached now."""


class StorageError(GalleryError):
    """The gallery could not be read or written: disk full, read-only, unreachable."""
