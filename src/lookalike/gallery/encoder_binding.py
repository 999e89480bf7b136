"""Checks that a gallery is only used with the encoder that made its vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import encoders
from ..errors import EncoderError, EncoderMismatchError
from ..storage import EncoderCard

if TYPE_CHECKING:
    from ..encoders import Encoder
    from ..storage import Manifest, Place

_REBUILD = "re-encode its pictures with: lookalike index --rebuild"


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The encoder that the user chose, and where to run it.

    Attributes:
        encoder: a name for `encoders.load`, or a loaded encoder; None for the gallery's own.
        device: see `encoders.load`.
    """

    encoder: Encoder | str | None = None
    device: str = "auto"


def bound_encoder(
    folder: Place,
    manifest: Manifest | None,
    choice: EncoderChoice,
    *,
    loaded: Encoder | None = None,
    rebuild: bool = False,
) -> Encoder:
    """Return the encoder to use with a gallery, checked to be the one of its vectors.

    Args:
        folder: the gallery's.
        manifest: the gallery's; None if there is none yet.
        choice: the user's.
        loaded: what an earlier call returned; returned again if it still is the right one.
        rebuild: all vectors are to be re-encoded, so any encoder will do; the gallery's own is
            then its successor, see `encoders.successor`.

    Raises:
        EncoderMismatchError: another encoder made the vectors, or theirs can't be loaded any more.
        EncoderError: the encoder that the user chose can't be loaded.
    """
    is_chosen = choice.encoder is not None
    source = choice.encoder
    if source is None:
        source = manifest.encoder.source if manifest else encoders.DEFAULT_ENCODER
        source = encoders.successor(source) if rebuild else source
    encoder = loaded
    if encoder is None or (not is_chosen and encoder.source != source):
        try:
            if isinstance(source, str):
                source = encoders.load(source, device=choice.device)
            encoder = source
        except EncoderError as error:
            if manifest is None or is_chosen or rebuild:
                raise
            raise _unavailable(folder, manifest.encoder, error) from error
    if manifest and not rebuild:
        card = EncoderCard.from_encoder(encoder)
        if not card.matches(manifest.encoder):
            raise _mismatch(folder, manifest.encoder, card, is_chosen=is_chosen)
    return encoder


def _unavailable(folder: Place, made_by: EncoderCard, error: EncoderError) -> EncoderMismatchError:
    if encoders.successor(made_by.source) != made_by.source:  # packaged with an earlier version
        return EncoderMismatchError(
            f"{_origin(folder, made_by)} of an earlier lookalike; {_REBUILD}, which uses "
            f"{encoders.DEFAULT_ENCODER} instead."
        )
    return EncoderMismatchError(
        f"{_origin(folder, made_by)}, which can't be loaded now. {error} If it is elsewhere, name "
        f"it with --encoder; otherwise {_REBUILD} --encoder NAME"
    )


def _mismatch(
    folder: Place, made_by: EncoderCard, card: EncoderCard, *, is_chosen: bool
) -> EncoderMismatchError:
    same = made_by.sha256 == card.sha256
    version = "the same weights with other preprocessing" if same else card.sha256[:12]
    if is_chosen:
        return EncoderMismatchError(
            f"{_origin(folder, made_by)}. This is {card.name} ({version}). Drop --encoder to use "
            f"the gallery's own, or {_REBUILD} --encoder {card.source}"
        )
    return EncoderMismatchError(
        f"{_origin(folder, made_by)}, and {made_by.source} has changed since ({version}). Restore "
        f"it, or {_REBUILD}"
    )


def _origin(folder: Place, made_by: EncoderCard) -> str:
    return f"The vectors of {folder} are from the encoder {made_by.name} ({made_by.sha256[:12]})"
