"""The card of an encoder file: its input, its output and its origin, as JSON.

    {"name": "mine", "dimensions": 512,
     "preprocessing": {"width": 224, "height": 224, "resize": "bilinear", "fit": "stretch"},
     "input": {"name": "pixels", "layout": "NHWC", "dtype": "uint8"},
     "output": {"name": "embedding", "unit": true},
     "license": "", "source": "", "training": {}}

The keys from `input` on are optional; their defaults are those above. A network with floating-point
input says `"dtype": "float32"` and its normalisation, `"mean": [...], "std": [...]` of R, G, B: its
input is `(pixels * scale - mean) / std`, where `scale` is 1/255 by default.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import EncoderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..types import Picture

METADATA_KEY = "lookalike"  # under which the metadata_props of an ONNX file hold the card
MAX_CARD_BYTES = 2**20
MAX_SIDE_PIXELS = 4096
MAX_RESIZED_PIXELS = 2**26
MAX_DIMENSIONS = 65_536
MAX_NAME_LENGTH = 300
RESIZES = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")  # Pillow's, antialiased
FITS = ("stretch", "crop", "stretch-crop")
LAYOUTS = ("NHWC", "NCHW")
DTYPES = ("uint8", "float32")
_CHANNELS = 3

_Part = TypeVar("_Part", bound="Preprocessing | Input | Output")


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture of any size becomes the pixels of the network's input.

    Attributes:
        width: of the network's input, in pixels.
        height: of the network's input, in pixels.
        resize: Pillow's filter, one of `RESIZES`.
        fit: `stretch` resizes the whole picture to the input; `crop` resizes its shorter side to
            `shortest` and crops the middle; `stretch-crop` resizes both sides to `shortest` and
            crops the middle.
        shortest: in pixels, at least the longer of width and height; unused with `stretch`.
    """

    width: int
    height: int
    resize: str = "bilinear"
    fit: str = "stretch"
    shortest: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError where a value is invalid."""
        for side in ("width", "height"):
            _require(
                _is_int(getattr(self, side), 1, MAX_SIDE_PIXELS),
                f"{side} must be 1 to {MAX_SIDE_PIXELS} pixels",
            )
        _require(self.resize in RESIZES, f"resize must be one of {', '.join(RESIZES)}")
        _require(self.fit in FITS, f"fit must be one of {', '.join(FITS)}")
        least = max(self.width, self.height)
        _require(
            _is_int(self.shortest, 0, 0)
            if self.fit == "stretch"
            else _is_int(self.shortest, least, MAX_SIDE_PIXELS),
            f"shortest must be {least} to {MAX_SIDE_PIXELS} pixels with fit 'crop', and must be "
            "left out with 'stretch'",
        )

    def apply(self, picture: Picture) -> NDArray[np.uint8]:
        """Convert a picture to the network's pixels: uint8 [height, width, 3]."""
        import numpy as np
        from PIL import Image

        image = Image.fromarray(picture.pixels)
        resample = Image.Resampling[self.resize.upper()]
        if self.fit == "stretch":
            return np.asarray(image.resize((self.width, self.height), resample))
        # Rounded as in Hugging Face's image processors: the longer side down, the margins down.
        short = min(image.size)
        size = (self.shortest * image.width // short, self.shortest * image.height // short)
        if self.fit == "stretch-crop":
            size = (self.shortest, self.shortest)
        left, top = (size[0] - self.width) // 2, (size[1] - self.height) // 2
        if math.prod(size) > MAX_RESIZED_PIXELS:  # of a long strip, resize only the crop
            scale = short / self.shortest
            x, y = (size[0] - self.width) * scale / 2, (size[1] - self.height) * scale / 2
            box = (x, y, image.width - x, image.height - y)
            return np.asarray(image.resize((self.width, self.height), resample, box))
        crop = (left, top, left + self.width, top + self.height)
        return np.asarray(image.resize(size, resample).crop(crop))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = asdict(self)
        return values if self.shortest else {k: v for k, v in values.items() if k != "shortest"}


@dataclass(frozen=True, slots=True)
class Input:
    """The network's input tensor: `(pixels * scale - mean) / std`, or the pixels as they are.

    Attributes:
        name: of the tensor.
        layout: `NHWC` or `NCHW`; C is R, G, B.
        dtype: `uint8`, 0..255 as they are, or `float32`, normalised.
        mean: of R, G, B; empty for 0.
        std: of R, G, B; empty for 1.
        scale: factor that a pixel of 0..255 is multiplied by first.
    """

    name: str = "pixels"
    layout: str = "NHWC"
    dtype: str = "uint8"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    scale: float = 1 / 255

    def __post_init__(self) -> None:
        """Raise ValueError where a value is invalid."""
        _require(_is_text(self.name), "input.name must be a text")
        _require(self.layout in LAYOUTS, f"input.layout must be one of {', '.join(LAYOUTS)}")
        _require(self.dtype in DTYPES, f"input.dtype must be one of {', '.join(DTYPES)}")
        for name in ("mean", "std"):
            values = getattr(self, name)
            _require(
                isinstance(values, (tuple, list))
                and len(values) in (0, _CHANNELS)
                and all(map(_is_number, values)),
                f"input.{name} must be three numbers, for R, G and B",
            )
            object.__setattr__(self, name, tuple(map(float, values)))
        _require(all(self.std), "input.std must not be 0")
        _require(_is_number(self.scale) and self.scale != 0, "input.scale must be a number, not 0")
        _require(
            self.dtype == "float32" or (not self.mean and not self.std and self.scale == 1 / 255),
            "input.mean, std and scale need dtype 'float32'; a network of uint8 pixels normalises "
            "them itself",
        )

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Convert pixels uint8 [N, H, W, 3] to the tensor: `dtype`, in `layout`."""
        import numpy as np

        tensor: NDArray[Any] = pixels
        if self.dtype == "float32":
            mean, std = np.asarray(self.mean or 0.0), np.asarray(self.std or 1.0)
            factor, offset = self.scale / std, mean / std
            tensor = pixels * factor.astype(np.float32) - offset.astype(np.float32)
        if self.layout == "NCHW":
            return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2))
        return tensor

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values; without the normalisation for uint8."""
        values = {"name": self.name, "layout": self.layout, "dtype": self.dtype}
        if self.dtype == "uint8":
            return values
        return values | {"mean": list(self.mean), "std": list(self.std), "scale": self.scale}


@dataclass(frozen=True, slots=True)
class Output:
    """The network's output tensor.

    Attributes:
        name: of the tensor, float [N, D].
        unit: whether its rows already have unit length; if not, lookalike normalises them.
    """

    name: str = "embedding"
    unit: bool = True

    def __post_init__(self) -> None:
        """Raise ValueError where a value is invalid."""
        _require(_is_text(self.name), "output.name must be a text")
        _require(isinstance(self.unit, bool), "output.unit must be true or false")


@dataclass(frozen=True, slots=True)
class Card:
    """Describes an encoder file; the module's docstring shows its JSON.

    Attributes:
        name: as galleries record it.
        dimensions: D.
        preprocessing: from picture to pixels.
        input: from pixels to tensor.
        output: from tensor to vector.
        license: of the weights.
        source: origin of the weights.
        training: how the weights were trained, as any JSON values; lookalike does not read it.
    """

    name: str
    dimensions: int
    preprocessing: Preprocessing
    input: Input = field(default_factory=Input)
    output: Output = field(default_factory=Output)
    license: str = ""
    source: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError where a value is invalid."""
        _require(_is_text(self.name), "name must be a text of one line")
        _require(
            _is_int(self.dimensions, 1, MAX_DIMENSIONS), f"dimensions must be 1 to {MAX_DIMENSIONS}"
        )
        _require(isinstance(self.license, str), "license must be a text")
        _require(isinstance(self.source, str), "source must be a text")
        _require(isinstance(self.training, Mapping), "training must be an object")

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any], *, where: str) -> Card:
        """Read a card; `where` names it in errors, for example by the file's path.

        Raises:
            EncoderError: it is not JSON, has an invalid value, or lacks a required one.
        """
        try:
            if not isinstance(text, Mapping):
                _require(len(text) <= MAX_CARD_BYTES, f"it is over {MAX_CARD_BYTES} bytes")
                text = json.loads(text)
            values = _checked_fields(cls, text, "")
            return cls(
                **values
                | {
                    "preprocessing": _read_part(Preprocessing, values, "preprocessing"),
                    "input": _read_part(Input, values, "input"),
                    "output": _read_part(Output, values, "output"),
                }
            )
        except (ValueError, TypeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:300]
            raise EncoderError(
                f"The card {where} can't be used ({reason}). It must state at least: "
                '{"name": ..., "dimensions": ..., "preprocessing": {"width": ..., "height": ..., '
                '"resize": "bilinear", "fit": "stretch"}}'
            ) from error

    def to_json(self) -> str:
        """Write the card as `from_json` reads it."""
        values = {part.name: getattr(self, part.name) for part in fields(self)} | {
            "preprocessing": self.preprocessing.to_dict(),
            "input": self.input.to_dict(),
            "output": asdict(self.output),
            "training": dict(self.training),
        }
        return json.dumps(values, indent=2)

    def manifest_entry(self) -> dict[str, Any]:
        """Return, as JSON values, what a gallery's manifest records besides the weights.

        Defaults are left out, so that the manifests of old galleries still match.
        """
        entry = self.preprocessing.to_dict()
        if self.input != Input():
            entry["input"] = self.input.to_dict()
        if self.output != Output():
            entry["output"] = asdict(self.output)
        return entry


def _read_part(kind: type[_Part], values: Mapping[str, Any], name: str) -> _Part:
    if name not in values and kind is not Preprocessing:
        return kind()  # type: ignore[call-arg]
    part: dict[str, Any] = _checked_fields(kind, values.get(name), f"{name}.")
    return kind(**part)


def _checked_fields(kind: type[Any], values: Any, prefix: str) -> dict[str, Any]:
    """Refuse unknown names: a mistyped one would silently leave the default in place."""
    _require(isinstance(values, Mapping), f"{prefix.rstrip('.') or 'it'} must be an object")
    names = {part.name for part in fields(kind)}
    unknown = sorted(prefix + str(name) for name in set(values) - names)
    _require(not unknown, f"unknown: {', '.join(unknown[:5])}")
    return dict(values)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _is_int(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME_LENGTH and value.isprintable()
