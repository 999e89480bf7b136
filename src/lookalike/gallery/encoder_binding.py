"""A gallery and its encoder: the vectors of two encoders never mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import encoders
from ..errors import EncoderError, EncoderMismatchError
from ..storage import EncoderCard

if TYPE_CHECKING:
    from ..encoders import Encoder
    from ..storage import Manifest, Place

_ANEW = "make them anew with: lookalike index --rebuild"


def bound_encoder(  # noqa: PLR0913
    folder: Place,
    manifest: Manifest | None,
    *,
    wanted: Encoder | str | None,
    loaded: Encoder | None,
    rebuild: bool = False,
    device: str = "auto",
) -> Encoder:
    """Give the encoder to use with a gallery, and see that it is the one of its vectors.

    Args:
        folder: the gallery's.
        manifest: the gallery's; None where there is none yet.
        wanted: what the user chose; None for the gallery's own.
        loaded: what was given before, to be given again if it still is the one.
        rebuild: all vectors are to be made anew, so that any encoder will do; the gallery's own
            is then the one that follows it, see `encoders.successor`.
        device: what it is to run on, see `encoders.load`.

    Raises:
        EncoderMismatchError: the vectors are another's, or their own can't be loaded any more.
        EncoderError: the encoder that the user chose can't be loaded.
    """
    source = wanted
    if source is None:
        source = manifest.encoder.source if manifest else encoders.DEFAULT_ENCODER
        source = encoders.successor(source) if rebuild else source
    encoder = loaded
    if encoder is None or (wanted is None and encoder.source != source):
        try:
            encoder = encoders.load(source, device=device) if isinstance(source, str) else source
        except EncoderError as error:
            if manifest is None or wanted is not None or rebuild:
                raise
            raise _lost(folder, manifest.encoder, error) from error
    if manifest and not rebuild:
        card = EncoderCard.from_encoder(encoder)
        if not card.matches(manifest.encoder):
            raise _misfit(folder, manifest.encoder, card, chosen=wanted is not None)
    return encoder


def _lost(folder: Place, made_by: EncoderCard, error: EncoderError) -> EncoderMismatchError:
    if encoders.successor(made_by.source) != made_by.source:  # packaged with an earlier version
        return EncoderMismatchError(
            f"{_made(folder, made_by)} of an earlier lookalike; {_ANEW}, which takes "
            f"{encoders.DEFAULT_ENCODER} instead."
        )
    return EncoderMismatchError(
        f"{_made(folder, made_by)}, which can't be loaded now. {error} If it lies elsewhere, name "
        f"it with --encoder; else {_ANEW} --encoder NAME"
    )


def _misfit(
    folder: Place, made_by: EncoderCard, card: EncoderCard, *, chosen: bool
) -> EncoderMismatchError:
    same = made_by.sha256 == card.sha256
    this = "the same weights, otherwise prepared pictures" if same else card.sha256[:12]
    if chosen:
        return EncoderMismatchError(
            f"{_made(folder, made_by)}. This is {card.name} ({this}). Ask without --encoder to use "
            f"the gallery's own, or {_ANEW} --encoder {card.source}"
        )
    return EncoderMismatchError(
        f"{_made(folder, made_by)}, and {made_by.source} has changed since ({this}). Put back what "
        f"it was, or {_ANEW}"
    )


def _made(folder: Place, made_by: EncoderCard) -> str:
    return (
        f"The vectors of {folder} were made by the encoder {made_by.name} ({made_by.sha256[:12]})"
    )
