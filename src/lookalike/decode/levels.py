"""Values of more than 8 bits over their whole range: how many bits a file uses, what is white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SIGNIFICANT_BITS = "significant_bits"  # in `Image.info`, of a PNG that says them
_MAX_LEVEL = 0xFFFF
_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 258, 262, 281
_WHITE_IS_ZERO = 0
_DEPTHS = (8, 10, 12, 16)  # that are looked for where a file says nothing


def grey_levels(image: Image.Image) -> NDArray[np.uint16]:
    """Return grey of 16 or 32 bits or floats, uint16 [H, W], 0 black and 65535 white."""
    import numpy as np

    levels = levels_of(np.asarray(image), said_bits(image))
    is_negative = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return np.invert(levels) if is_negative else levels


def levels_of(values: NDArray[Any], said: int) -> NDArray[np.uint16]:
    """Bring numbers to 0..65535.

    Whole ones from 0 to 65535 are spread, see `spread`; greater or negative ones and floats are
    stretched from least to greatest.
    """
    import numpy as np

    if values.dtype.kind in "iu" and values.min() >= 0 and values.max() <= _MAX_LEVEL:
        return spread(values.astype(np.uint16), said)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    span = max(high - low, 1e-12)
    levels = (np.nan_to_num(values.clip(low, high), nan=low) - low) * (_MAX_LEVEL / span)
    stretched: NDArray[np.uint16] = levels.round().astype(np.uint16)
    return stretched


def spread(values: NDArray[np.uint16], said: int) -> NDArray[np.uint16]:
    """Spread the values of all channels from the bits that they use over 0..65535.

    Args:
        values: uint16 of any shape.
        said: the bits that the file says, see `said_bits`; if it says none, or has greater values,
            they are the least of 8, 10, 12 and 16 that hold every value.
    """
    most = int(values.max())
    candidates = (max(said, _DEPTHS[0]), *_DEPTHS) if said else _DEPTHS
    bits = next(bits for bits in candidates if most < 1 << bits)
    if bits >= _DEPTHS[-1]:
        return values
    wide: Any = (values << (16 - bits)) | (values >> (2 * bits - 16))
    return cast("NDArray[np.uint16]", wide)


def said_bits(image: Any) -> int:
    """Return how many of 16 bits a file says that it uses; 0 if it does not say.

    A TIFF says so by its bits of a sample, if they are fewer, or the greatest sample; a PNG by what
    is in `info`.
    """
    if image.format == "JPEG2000":  # whose plugin spreads them
        return 16
    tags = getattr(image, "tag_v2", {})
    stored = _greatest(tags.get(_BITS_PER_SAMPLE))
    if 0 < stored < _DEPTHS[-1]:
        return stored
    most = _greatest(tags.get(_MAX_SAMPLE_VALUE)).bit_length()
    return most or int(image.info.get(SIGNIFICANT_BITS, 0))


def _greatest(value: Any) -> int:
    numbers = value if isinstance(value, tuple) else (value,)
    return max((one for one in numbers if isinstance(one, int)), default=0)
