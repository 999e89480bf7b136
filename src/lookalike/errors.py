"""The errors that lookalike raises; each message is one sentence that says what to do next.

LookalikeError
├── ArgumentError           an argument that is invalid (also a ValueError)
├── PictureError            a picture that can't be used
│   ├── NotAPictureError        a file of another kind
│   └── UnsupportedFormatError  a sound picture in a format that can't be read yet
├── EncoderError            an encoder that can't be found, loaded or run
├── DataSetError            a data set that can't be downloaded, verified or unpacked
├── FeatureListError        a Parquet file that is not a feature list of the gallery's encoder
├── ClusterError            a Ray cluster that is unreachable, or whose workers fail
├── ServerError             a server that is unreachable, or refuses the request
└── GalleryError            a gallery that can't be used
    ├── GalleryNotFoundError    it does not exist yet, or is empty
    ├── GalleryBusyError        another process is writing to it
    ├── GalleryFormatError      it is damaged, or a newer lookalike made it
    ├── EncoderMismatchError    another encoder made its vectors
    ├── OfflineError            a root that is needed is unreachable
    └── StorageError            its disk or object store failed (full, read-only, unreachable)
"""

from __future__ import annotations


class LookalikeError(Exception):
    """The base of all errors that lookalike raises on purpose.

    Example:
        >>> from lookalike import Gallery, LookalikeError
        >>> try:
        ...     Gallery.open("nowhere").search("query.jpg")
        ... except LookalikeError as error:
        ...     print(error)
        There is no gallery at ...
    """


class ArgumentError(LookalikeError, ValueError):
    """An argument is invalid, such as `top=0`."""


class PictureError(LookalikeError):
    """A picture can't be used; the message is the reason.

    Attributes:
        format: the short name of the kind of file, such as `PDF` or `NEF`, if lookalike knows the
            kind and can't read it; else empty, also if a server does not tell it.
    """

    def __init__(self, message: str, name: str = "") -> None:
        """Make the error, for a kind of file if that is the reason."""
        super().__init__(message)
        self.format = name


class NotAPictureError(PictureError):
    """A file is in none of the supported picture formats: a video, a document, anything else."""


class UnsupportedFormatError(PictureError):
    """A sound picture is in a format that lookalike can't read yet, such as a camera's raw file."""


class EncoderError(LookalikeError):
    """An encoder can't be found, loaded or run."""


class DataSetError(LookalikeError):
    """A data set can't be downloaded, differs from the published one, or does not fit the disk."""


class FeatureListError(LookalikeError):
    """A Parquet file is not a feature list of this gallery's encoder."""


class ClusterError(LookalikeError):
    """A Ray cluster can't be used: Ray is not installed, unreachable, or its workers fail."""


class ServerError(LookalikeError):
    """A gallery's server is unreachable, refuses the request, or failed."""


class GalleryError(LookalikeError):
    """The base of the errors of a gallery."""


class GalleryNotFoundError(GalleryError):
    """There is no gallery here yet, or it has no pictures."""


class GalleryBusyError(GalleryError):
    """Another process is writing to the gallery."""


class GalleryFormatError(GalleryError):
    """The gallery is damaged, or a newer lookalike made it."""


class EncoderMismatchError(GalleryError):
    """Another encoder made the gallery's vectors."""


class OfflineError(GalleryError):
    """A root that is needed is unreachable."""


class StorageError(GalleryError):
    """The gallery can't be read or written: the disk is full, read-only or unreachable."""
