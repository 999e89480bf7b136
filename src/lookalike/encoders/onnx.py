"""An encoder that is an ONNX file, run by ONNX Runtime.

The file takes one tensor of N pictures and gives float [N, D]; its card (see `card`) says how the
pictures are to be made and what the tensors are called. The card is in the file, as the value of
the key `lookalike` of its metadata, or else in a JSON file of the same name beside it. If nothing
else is said, the file takes `pixels`, uint8 [N, H, W, 3] RGB, and gives `embedding`, float32 [N, D]
of unit length; normalisation is inside.
"""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any

from ..errors import EncoderError
from .card import METADATA_KEY, Card, Input, Output, Preprocessing
from .devices import device_of, providers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

    from ..types import Picture

MAX_FILE_BYTES = 2**31  # what a protobuf may have
# `location`, the key under which a tensor names the file that has its numbers.
_EXTERNAL = b"\x0a\x08location"
_NONE = os.path.join(os.devnull, "none")  # a folder that can't be on any system
# Of ModelProto and of StringStringEntryProto, see onnx.proto.
_METADATA_FIELD, _KEY_FIELD, _VALUE_FIELD = 14, 1, 2
_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}
_SHOWN_SIDE_PIXELS, _SHOWN_DIMENSIONS = 224, 512  # in an example, where the file doesn't tell


class OnnxEncoder:
    """Run an ONNX file over pictures; see the module for what the file must be."""

    def __init__(self, path: Path, *, source: str, device: str = "auto") -> None:
        """Read the weights and their card; the network itself is built when it is first used.

        `device` is as in `encoders.load`.

        Raises:
            EncoderError: the file can't be read, or has no card, or one that can't be used.
        """
        self._weights = _read(path)
        self._card = card = _card(path, self._weights)
        self.name, self.dimensions, self.preprocessing = card.name, card.dimensions, card.recorded()
        self.source = source
        self.sha256 = hashlib.sha256(self._weights).hexdigest()
        self._wanted_device = device
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        self._lock = threading.Lock()

    @property
    def device(self) -> str:
        """What the network really runs on: `cpu` or `cuda`.

        Raises:
            EncoderError: it can't be built, or `cuda` was asked for and can't be used.
        """
        return device_of(self._session(1), self._wanted_device)

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Resize the picture to the network's input, antialiased: uint8 [H, W, 3]."""
        return self._card.preprocessing.apply(picture)

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures.

        Args:
            inputs: N arrays uint8 [H, W, 3].
            threads: cores for this one call; 0 for all, 1 where many calls run side by side.

        Returns:
            float32 [N, D], unit length.

        Raises:
            EncoderError: the network can't be built, run, or answers something else.
        """
        import numpy as np

        if not inputs:
            return np.empty((0, self.dimensions), np.float32)
        session = self._session(threads)
        # A network of a fixed batch, which is 1 almost always, is asked so many at a time.
        batch = session.get_inputs()[0].shape[0]
        step = batch if isinstance(batch, int) else len(inputs)
        parts = [self._run(session, inputs[i : i + step]) for i in range(0, len(inputs), step)]
        vectors = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if vectors.shape != (len(inputs), self.dimensions) or not np.isfinite(vectors).all():
            raise EncoderError(
                f"The encoder {self.name} gave {vectors.shape} or numbers that are not finite; "
                f"its card states {self.dimensions} dimensions."
            )
        if self._card.output.unit:
            return vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, 1e-12)  # type: ignore[no-any-return]

    def _run(
        self, session: onnxruntime.InferenceSession, inputs: Sequence[NDArray[np.uint8]]
    ) -> NDArray[np.float32]:
        import numpy as np

        try:
            tensor = self._card.input.normalise(np.stack(inputs))
            (found,) = session.run([self._card.output.name], {self._card.input.name: tensor})
        except Exception as error:  # ONNX Runtime's own classes share no public base
            raise _unusable(self.name, error) from error
        vectors = np.asarray(found, np.float32)
        # Pooled features may keep their places: [N, D, 1, 1].
        return vectors.reshape(len(vectors), -1) if vectors.ndim > 1 else vectors

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        with self._lock:
            if threads not in self._sessions:
                session = _build(self._weights, self.name, threads, self._wanted_device)
                _check_tensors(session, self._card)
                if device_of(session, self._wanted_device) != "cpu":
                    return self._sessions.setdefault(1, self._sessions.setdefault(0, session))
                self._sessions[threads] = session
            return self._sessions[threads]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                raise EncoderError(
                    f"The encoder {path} is over {MAX_FILE_BYTES >> 30} GiB, more than an ONNX "
                    "file can have; see that it is the right one."
                )
            weights = file.read()
    except OSError as error:
        raise EncoderError(
            f"The encoder {path} can't be read ({error.strerror or error}); check the path."
        ) from error
    return weights


def _card(path: Path, weights: bytes) -> Card:
    """Read the card in the file, which can't get lost; else the one beside it."""
    inside = _metadata(weights)
    if inside is not None:
        return Card.from_json(inside, where=f"in {path}")
    beside = path.with_suffix(".json")
    try:
        return Card.from_json(beside.read_bytes(), where=str(beside))
    except OSError as error:
        example = _example(path, weights)
        raise EncoderError(
            f"The encoder {path} has no card inside, and {beside.name} beside it can't be read "
            f"({error.strerror or error}); write there how its pictures are to be made and what "
            f"its tensors are called, such as:\n{example.to_json()}"
        ) from error


def _metadata(weights: bytes) -> bytes | None:
    """Find the card among the metadata of a serialised ModelProto; None where there is none.

    The one field is looked for by hand: package `onnx` is not needed to run a file, and ONNX
    Runtime would build the whole network first.
    """
    for number, entry in _fields(memoryview(weights)):
        if number == _METADATA_FIELD and isinstance(entry, memoryview):
            parts = dict(_fields(entry))
            key, value = parts.get(_KEY_FIELD), parts.get(_VALUE_FIELD)
            if value is not None and bytes(key or b"") == METADATA_KEY.encode():
                return bytes(value)
    return None


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Walk the fields of a protobuf message: number, and bytes of those that have a length.

    It ends where the bytes are no such message any more.
    See https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        content = None
        if kind == 0:
            _, at = _varint(message, at)
        elif kind == 2:  # noqa: PLR2004  a length and so many bytes
            length, at = _varint(message, at)
            content = message[at : at + length]
            if len(content) < length:
                return
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            return
        yield tag >> 3, content


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; give it and where it ends. A cut one ends the message."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  the last
            return value, at
    return 7, len(message)  # of a kind that is none


def _build(
    weights: bytes, name: str, threads: int, device: str = "cpu"
) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # A pool that spins after its work takes the cores that the search wants next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Weights in another file, looked for in the working folder, would escape the hash.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NONE)
    options.log_severity_level = 4  # what goes wrong is raised
    tried = providers(device)
    try:
        return onnxruntime.InferenceSession(weights, options, providers=tried)
    except Exception as error:
        if _EXTERNAL in weights:
            raise EncoderError(
                f"The encoder {name} has weights in another file, which lookalike doesn't read; "
                "save it as one file: onnx.save(onnx.load(PATH), NEW_PATH)"
            ) from error
        raise _unusable(name, error) from error


def _check_tensors(session: onnxruntime.InferenceSession, card: Card) -> None:
    """See that the tensors of the card are there, and are what it says."""
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    outputs = [tensor.name for tensor in session.get_outputs()]
    found = f"it takes {', '.join(inputs) or 'nothing'} and gives {', '.join(outputs)}"
    if list(inputs) != [card.input.name] or card.output.name not in outputs:
        raise EncoderError(
            f"The encoder {card.name} must take {card.input.name!r} alone and give "
            f"{card.output.name!r}, as its card says; {found}. Change the card's input.name and "
            "output.name."
        )
    kind, wanted = inputs[card.input.name].type, _TYPES[card.input.dtype]
    if kind != wanted:
        raise EncoderError(
            f"The encoder {card.name} takes {kind}; its card says input.dtype "
            f"{card.input.dtype!r}. Change the card; uint8 and float32 are known."
        )
    shape = inputs[card.input.name].shape
    size = (card.preprocessing.height, card.preprocessing.width)
    made = [None, *size, 3] if card.input.layout == "NHWC" else [None, 3, *size]
    fits = (
        not isinstance(side, int) or one in (side, None)
        for side, one in zip(shape, made, strict=False)
    )
    if len(shape) != len(made) or not all(fits):
        raise EncoderError(
            f"The encoder {card.name} takes {shape}; by its card it would be given "
            f"{['N', *made[1:]]}. Change the card's preprocessing or input.layout."
        )


def _example(path: Path, weights: bytes) -> Card:
    """Make a card from what the file itself shows; what it doesn't is guessed.

    Raises:
        EncoderError: it is no network that could be used.
    """
    session = _build(weights, str(path), 1)
    taken, given = session.get_inputs()[0], session.get_outputs()[0]
    shape: list[Any] = taken.shape if len(taken.shape) == 4 else [None] * 4  # noqa: PLR2004
    nchw = shape[3] != 3 and (shape[1] == 3 or "uint8" not in taken.type)  # noqa: PLR2004
    sides = shape[2:] if nchw else shape[1:3]
    height, width = (s if isinstance(s, int) and s > 0 else _SHOWN_SIDE_PIXELS for s in sides)
    layout = "NCHW" if nchw else "NHWC"
    last = [side for side in given.shape[1:] if isinstance(side, int) and side > 1]
    try:
        return Card(
            name=path.stem,
            dimensions=last[0] if last else _SHOWN_DIMENSIONS,
            preprocessing=Preprocessing(width, height),
            input=Input(taken.name, layout)
            if taken.type == _TYPES["uint8"]
            # What most networks were trained with: ImageNet's.
            else Input(taken.name, layout, "float32", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            output=Output(given.name, unit=False),
        )
    except ValueError as error:
        raise _unusable(str(path), error) from error


def _unusable(name: str, error: Exception) -> EncoderError:
    why = " ".join(str(error).split())[:300]
    return EncoderError(
        f"The encoder {name} can't run: {why or type(error).__name__}. See that it is an ONNX file "
        "of standard operators, and that its card fits it."
    )
