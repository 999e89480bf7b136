"""A few files, read, decoded and encoded: what a worker of any kind does with its chunk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..copies import pack, stored_fingerprint
from ..decode import SUPPORTED_FORMATS, decode
from ..errors import NotAPictureError, PictureError, UnsupportedFormatError
from ..sources import TRY_AGAIN, content_hash
from ..storage import Record
from .ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..encoders import Encoder
    from ..types import Properties, Source
    from .claims import Claim

CHUNK_PICTURES = 16  # a worker's portion, and the encoder's batch
GPU_CHUNK_PICTURES = 128  # likewise, where the encoder runs on a GPU


def chunk_pictures(encoder: Encoder) -> int:
    """Return how many pictures an encoder takes at once."""
    on_gpu = getattr(encoder, "device", "cpu") != "cpu"  # a user's own encoder need not have it
    return GPU_CHUNK_PICTURES if on_gpu else CHUNK_PICTURES


def process_chunk(
    chunk: Iterable[Source],
    encoder: Encoder,
    claim: Callable[[bytes, str], Claim],
    *,
    copies: bool,
    read: Callable[[Source], bytes],
) -> list[Outcome]:
    """Read, decode and encode a few files; those that are gone have no outcome.

    Args:
        chunk: the files.
        encoder: used with one core.
        claim: grants a content to one file, see `claims.ContentClaims.claim`.
        copies: whether to make fingerprints.
        read: returns the bytes of a file, and raises as `sources.read` does.
    """
    outcomes, inputs, to_encode = list[Outcome](), [], list[Record]()
    for source in chunk:
        content = None
        try:
            data = read(source)
            content = content_hash(data)
            answer = claim(content, source.path)
            if not answer.granted:
                outcomes.append(Outcome(source, content))
                continue
            picture = decode(data)
            makes_fingerprint = copies and answer.needs_fingerprint
            fingerprint = pack(stored_fingerprint(picture)) if makes_fingerprint else None
            sides = picture.width, picture.height
            record = Record(source, content, *sides, None, fingerprint, picture.properties)
            if answer.has_vector and (
                answer.has_properties or _decodes_as_ever(picture.properties)
            ):
                outcomes.append(Outcome(source, content, record))
            else:
                inputs.append(encoder.prepare(picture))
                to_encode.append(record)
        except NotAPictureError as error:
            outcomes.append(Outcome(source, format=error.format))
        except PictureError as error:
            reason = refusal_reason(error)
            outcomes.append(Outcome(source, content, reason=reason, format=refused_format(error)))
        except MemoryError as error:
            reason = refusal_reason(error)
            outcomes.append(Outcome(to_retry(source), content, reason=reason))
        except FileNotFoundError:
            continue  # deleted since it was listed
        except OSError as error:
            outcomes.append(Outcome(to_retry(source), reason=refusal_reason(error)))
    vectors = encoder.encode(inputs, threads=1).astype("float16")
    for record, vector in zip(to_encode, vectors, strict=True):
        record_with_vector = replace(record, vector=vector)
        outcomes.append(Outcome(record.source, record.content_hash, record_with_vector))
    return outcomes


def _decodes_as_ever(properties: Properties) -> bool:
    """Check that all versions decode a file to the same pixels.

    Those before format 2 of galleries showed all transparent art over white, and of an animation
    the first frame.
    """
    return properties.pages == properties.frames == 1 and not properties.has_alpha


def refused_format(error: PictureError) -> str:
    """Return the format of a picture that can't be read yet, for `RefusalRecord`; empty for others.

    A variant of a format that is supported otherwise is a format of its own, `TIFF-variant`.
    """
    name = error.format if isinstance(error, UnsupportedFormatError) else ""
    return f"{name}-variant" if name in SUPPORTED_FORMATS else name


def refusal_reason(error: PictureError | MemoryError | OSError) -> str:
    """Say in one clause why a file can't be used."""
    if isinstance(error, PictureError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    return f"can't be read: {error.strerror}"


def to_retry(source: Source) -> Source:
    """Mark a source whose failure is the machine's fault: the next run tries it again."""
    return replace(source, mtime_ns=TRY_AGAIN)
