"""What would be lost with a duplicate: whether the kept file holds every pixel of the other one.

Every page and frame is compared at full resolution. Only whole, upright copies that look the same
hold nothing of their own: mirrored, cropped, captioned or recoloured ones do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..copies import single_threaded
from ..decode import HEAD_BYTES, decode_frames, sniff
from .detail import detail_scale
from .grain import unexplained_grain
from .local_differences import difference_maps, excess, find_places
from .resampling import Resampler
from .whole_change import describe_whole_change

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8] | NDArray[np.uint16]
    Box = tuple[int, int, int, int]

CLEAR_EXCESS = 1.4  # times the limit; what differs less may be noise
MANY_SHARE = 0.05  # of all cells; beyond it the whole picture may have been changed
MANY_PLACES = 8  # likewise
MOST_SHARE = 0.5
MORE_DETAIL = 1.25  # times the length of a side; estimates of detail are that far apart
ANIMATED = {"GIF", "WEBP", "PNG", "AVIF"}  # what has frames; others have pages
LOSSLESS = {"PNG", "GIF", "BMP", "TIFF", "ICO"}
OWN_GRAIN = 0.44  # share of the grain: copies at quality 70 have up to 0.33 of their own
OWN_NOISE = 1.1  # above it, saving several times has made it: another shot's is between -1 and 1
FINER_GRAIN = 0.45  # of -1..1: above it, the other's grain is what the kept one has lost
STRUCTURE = 16  # levels of contrast: what can be blurred
MAX_BOXES = 100
STRIP_ROWS = 256  # that are laid over a backdrop at once
_BLACK, _WHITE = 0, 255
_COLOURS = 3  # channels


@dataclass(frozen=True, slots=True)
class LostPixels:
    """What the kept file does not hold.

    Attributes:
        reason: one clause, as `it differs at 2 places`; empty if nothing would be lost.
        boxes: (x, y, width, height) of the places, in pixels of the other file's page or frame, the
            largest first; at most `MAX_BOXES`. Empty where the whole differs.
    """

    reason: str
    boxes: tuple[Box, ...] = ()


def pixels_lost(kept: bytes, other: bytes) -> str:
    """Say in one clause what would be lost if only one file were kept; see `find_lost_pixels`."""
    return find_lost_pixels(kept, other).reason


def find_lost_pixels(kept: bytes, other: bytes) -> LostPixels:
    """Check that one file holds every pixel of another: all pages, frames, alpha and bits.

    Each page or frame must be held by one of the kept file's, in the same order. A copy that is
    smaller, enlarged or more compressed is held; one with detail of its own is not.

    Args:
        kept: the whole file that stays.
        other: the whole file that would go.

    Raises:
        PictureError: one of them can't be decoded.
        MemoryError: there is not enough memory now for pictures of this size.
    """
    if kept == other:
        return LostPixels("")
    with single_threaded():
        return _compare_files(kept, other)


def _compare_files(kept: bytes, other: bytes) -> LostPixels:
    candidates, frames = decode_frames(kept), decode_frames(other)
    formats = {sniff(data[:HEAD_BYTES]) for data in (kept, other)}
    is_exact = formats <= LOSSLESS
    for number, frame in enumerate(frames, 1):
        first: LostPixels | None = None
        for candidate in candidates:
            lost = _compare_frames(candidate, frame, is_exact=is_exact)
            if not lost.reason:
                break
            first = first or lost
        else:
            kind = "frame" if sniff(other[:HEAD_BYTES]) in ANIMATED else "page"
            if first is None:  # all pages so far are held, and the kept file has no more
                more = 1 + sum(1 for _ in frames)
                return LostPixels(f"it has {more} more {kind}{'s' if more > 1 else ''}")
            if number == 1:
                return first
            return LostPixels(f"{first.reason} on {kind} {number}", first.boxes)
    return LostPixels("")


def _compare_frames(kept: Frame, other: Frame, *, is_exact: bool) -> LostPixels:
    """Check that one page or frame holds another."""
    if kept.shape == other.shape and kept.dtype == other.dtype and np.array_equal(kept, other):
        return LostPixels("")
    if _has_fine_levels(other):
        is_deep = kept.dtype == np.uint16
        return LostPixels(
            "it differs in the bits beyond 8" if is_deep else "it has 16 bits a channel"
        )
    mine, theirs = _to_8_bits(kept), _to_8_bits(other)
    if not _may_be_whole(mine.shape, theirs.shape):
        reason = describe_whole_change(_over(mine, _WHITE), _over(theirs, _WHITE))
        return LostPixels(reason or "it is a crop, or stretched")
    if _is_transparent(theirs) and not _is_transparent(mine):
        return LostPixels("it is transparent")
    lost = _compare_pixels(_over(mine, _WHITE), _over(theirs, _WHITE), is_exact=is_exact)
    # A picture without transparency may have been laid over either; one with it looks like the kept
    # one over both.
    if _is_transparent(mine) and bool(lost.reason) != _is_transparent(theirs):
        return _compare_pixels(_over(mine, _BLACK), _over(theirs, _BLACK), is_exact=is_exact)
    return lost


def _compare_pixels(
    kept: NDArray[np.uint8], other: NDArray[np.uint8], *, is_exact: bool
) -> LostPixels:
    """Compare opaque pictures of one frame, uint8 [H, W, 3]."""
    resampler = Resampler(kept, other)
    maps = difference_maps(resampler.rows, other, max_rows=resampler.max_rows)
    differs = excess(maps, is_exact=is_exact and resampler.is_identity)
    if differs.max() <= 1:
        own, direction = unexplained_grain(resampler, other, maps.contrast)
        if own <= OWN_GRAIN or direction > OWN_NOISE:
            return LostPixels("")
        finer = direction > FINER_GRAIN
        return LostPixels("it is less compressed" if finer else "it is another shot of the scene")
    boxes = find_places(differs > 1, (other.shape[1], other.shape[0]))
    is_widespread = float((differs > 1).mean()) > MANY_SHARE
    reason = ""
    if is_widespread or len(boxes) >= MANY_PLACES:
        reason = _sharpness(kept, other, maps.contrast[differs > 1])
    if not reason and is_widespread:
        reason = describe_whole_change(kept, other)
        if not reason and boxes[0][2] * boxes[0][3] > MOST_SHARE * other.shape[0] * other.shape[1]:
            reason = "it differs all over"
    if reason:
        return LostPixels(reason)
    if differs.max() < CLEAR_EXCESS:
        reason = "it may differ, which its noise and compression hide"
    else:
        reason = f"it differs at {len(boxes):,} place{'s' if len(boxes) > 1 else ''}"
    return LostPixels(reason, tuple(boxes[:MAX_BOXES]))


def _sharpness(
    kept: NDArray[np.uint8], other: NDArray[np.uint8], contrast: NDArray[np.uint8]
) -> str:
    """Say whether one picture has detail that the other has not; empty if both have as much.

    Args:
        kept: uint8 [H, W, 3].
        other: uint8 [h, w, 3].
        contrast: of the kept picture where the two differ.
    """
    mine, theirs = detail_scale(kept), detail_scale(other)
    height, width = other.shape[:2]
    if theirs * width > MORE_DETAIL * mine * kept.shape[1]:
        detail = f"{round(mine * kept.shape[1])} x {round(mine * kept.shape[0])}"
        return f"it has more detail ({width} x {height}, that of the kept one is {detail})"
    is_softer = kept.shape == other.shape and mine > MORE_DETAIL * theirs
    return "it is blurred" if is_softer and np.median(contrast) >= STRUCTURE else ""


def _may_be_whole(kept: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one scale makes two sizes equal, to a pixel of the smaller one."""
    small, large = sorted((kept[:2], other[:2]))
    least = max((side - 1) / of for side, of in zip(small, large, strict=True))
    most = min((side + 1) / of for side, of in zip(small, large, strict=True))
    return least <= most


def _has_fine_levels(frame: Frame) -> bool:
    """Whether bits beyond 8 carry something."""
    if frame.dtype != np.uint16:
        return False
    low, high = frame & 255, frame >> 8
    return bool(low.any()) and not np.array_equal(low, high)


def _to_8_bits(frame: Frame) -> NDArray[np.uint8]:
    if frame.dtype == np.uint16:
        return (frame >> 8).astype(np.uint8)
    return np.asarray(frame, np.uint8)


def _is_transparent(frame: NDArray[np.uint8]) -> bool:
    return frame.shape[2] > _COLOURS and not bool((frame[..., _COLOURS] == _WHITE).all())


def _over(frame: NDArray[np.uint8], backdrop: int) -> NDArray[np.uint8]:
    """Lay a picture over black or white."""
    if frame.shape[2] == _COLOURS:
        return frame
    out = np.empty((*frame.shape[:2], _COLOURS), np.uint8)
    for top in range(0, len(frame), STRIP_ROWS):
        part = frame[top : top + STRIP_ROWS]
        alpha = part[..., _COLOURS:].astype(np.uint16)
        mixed = part[..., :_COLOURS] * alpha + np.uint16(backdrop) * (_WHITE - alpha)
        out[top : top + STRIP_ROWS] = (mixed + _WHITE // 2) // _WHITE
    return out
