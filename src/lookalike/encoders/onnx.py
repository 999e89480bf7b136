"""An encoder that is an ONNX file, run by ONNX Runtime.

The file maps one tensor of N pictures to float [N, D]. Its card (see `card`) says how to prepare
the pictures and what the tensors are called. The card is the value of the key `lookalike` in the
file's metadata, or else a JSON file of the same name beside it. By default the input is `pixels`,
uint8 [N, H, W, 3] RGB, the output is `embedding`, float32 [N, D] of unit length, and the network
itself normalises the pixels.
"""

from __future__ import annotations

import hashlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import EncoderError
from .card import METADATA_KEY, Card, Input, Output, Preprocessing
from .devices import execution_providers, session_device
from .encoder import load, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

    from ..types import Picture
    from .encoder import Encoder

MAX_FILE_BYTES = 2**31  # the limit of a protobuf
# `location`, the key under which a tensor names the file that holds its numbers.
_EXTERNAL_DATA = b"\x0a\x08location"
_NO_FOLDER = os.path.join(os.devnull, "none")  # a folder that exists on no system
# Field numbers of ModelProto and StringStringEntryProto, see onnx.proto.
_METADATA_FIELD, _KEY_FIELD, _VALUE_FIELD = 14, 1, 2
# Wire types, see https://protobuf.dev/programming-guides/encoding/
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32, _INVALID = 0, 1, 2, 5, 7
_CONTINUES = 0x80  # set in every byte of a varint but the last
_TENSOR_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}
_EXAMPLE_SIDE_PIXELS, _EXAMPLE_DIMENSIONS = 224, 512  # where the file doesn't say
_PICTURE_AXES, _CHANNELS = 4, 3


class OnnxEncoder:
    """Runs an ONNX file over pictures; the module's docstring says what the file must be."""

    def __init__(self, path: Path, *, source: str, device: str = "auto") -> None:
        """Read the weights and their card; the first use builds the network.

        `device` is as in `encoders.load`.

        Raises:
            EncoderError: the file can't be read, or has no usable card.
        """
        self._weights = _read_file(path)
        self._card = card = _read_card(path, self._weights)
        self.name, self.dimensions = card.name, card.dimensions
        self.preprocessing = card.manifest_entry()
        self.source = source
        self.sha256 = hashlib.sha256(self._weights).hexdigest()
        self._requested_device = device
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., Encoder], tuple[str]]:
        """Let another process load the same file."""
        return partial(load, device=self._requested_device), (self.source,)

    @property
    def device(self) -> str:
        """What the network really runs on: `cpu` or `cuda`.

        Raises:
            EncoderError: the network can't be built, or `cuda` was requested and can't be used.
        """
        return session_device(self._session(1), self._requested_device)

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Resize the picture to the network's input, antialiased: uint8 [H, W, 3]."""
        return self._card.preprocessing.apply(picture)

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures.

        Args:
            inputs: N arrays uint8 [H, W, 3].
            threads: cores for this one call; 0 for all, 1 where many calls run in parallel.

        Returns:
            float32 [N, D], unit length.

        Raises:
            EncoderError: the network can't be built or run, or its output doesn't match the card.
        """
        import numpy as np

        if not inputs:
            return np.empty((0, self.dimensions), np.float32)
        session = self._session(threads)
        # Some networks have a fixed batch size, nearly always 1.
        batch = session.get_inputs()[0].shape[0]
        step = batch if isinstance(batch, int) else len(inputs)
        parts = [self._run(session, inputs[i : i + step]) for i in range(0, len(inputs), step)]
        vectors = parts[0] if len(parts) == 1 else np.concatenate(parts)  # [N, D]
        if vectors.shape != (len(inputs), self.dimensions) or not np.isfinite(vectors).all():
            raise EncoderError(
                f"The encoder {self.name} returned {vectors.shape} or numbers that are not finite; "
                f"its card states {self.dimensions} dimensions."
            )
        return vectors if self._card.output.unit else unit_rows(vectors)

    def _run(
        self, session: onnxruntime.InferenceSession, inputs: Sequence[NDArray[np.uint8]]
    ) -> NDArray[np.float32]:
        import numpy as np

        try:
            tensor = self._card.input.normalise(np.stack(inputs))
            (output,) = session.run([self._card.output.name], {self._card.input.name: tensor})
        except Exception as error:  # ONNX Runtime's own classes share no public base
            raise _unusable(self.name, error) from error
        vectors = np.asarray(output, np.float32)
        # Pooled features may keep their spatial axes: [N, D, 1, 1].
        return vectors.reshape(len(vectors), -1) if vectors.ndim > 1 else vectors

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        with self._lock:
            if threads not in self._sessions:
                session = _build_session(self._weights, self.name, threads, self._requested_device)
                _check_tensors(session, self._card)
                if session_device(session, self._requested_device) != "cpu":
                    return self._sessions.setdefault(1, self._sessions.setdefault(0, session))
                self._sessions[threads] = session
            return self._sessions[threads]


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                raise EncoderError(
                    f"The encoder {path} is over {MAX_FILE_BYTES >> 30} GiB, more than an ONNX "
                    "file can have; check that it is the right file."
                )
            return file.read()
    except OSError as error:
        raise EncoderError(
            f"The encoder {path} can't be read ({error.strerror or error}); check the path."
        ) from error


def _read_card(path: Path, weights: bytes) -> Card:
    """Read the card inside the file, which can't get lost, or else the one beside it."""
    embedded = _embedded_card(weights)
    if embedded is not None:
        return Card.from_json(embedded, where=f"in {path}")
    card_path = path.with_suffix(".json")
    try:
        return Card.from_json(card_path.read_bytes(), where=str(card_path))
    except OSError as error:
        example = _example_card(path, weights)
        raise EncoderError(
            f"The encoder {path} has no card inside, and {card_path.name} beside it can't be read "
            f"({error.strerror or error}); describe there how to prepare its pictures and what its "
            f"tensors are called, for example:\n{example.to_json()}"
        ) from error


def _embedded_card(weights: bytes) -> bytes | None:
    """Find the card in the metadata of a serialised ModelProto; None without one.

    This reads the one field by hand: running a file does not need the package `onnx`, and ONNX
    Runtime would first build the whole network.
    """
    for number, entry in _protobuf_fields(memoryview(weights)):
        if number == _METADATA_FIELD and entry is not None:
            parts = dict(_protobuf_fields(entry))
            key, value = parts.get(_KEY_FIELD), parts.get(_VALUE_FIELD)
            if value is not None and bytes(key or b"") == METADATA_KEY.encode():
                return bytes(value)
    return None


def _protobuf_fields(message: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Yield the fields of a protobuf message: number, and content where it is length-delimited.

    Stops at the first bytes that are not a valid field.
    """
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        wire_type = tag & 7
        content = None
        if wire_type == _VARINT:
            _, position = _read_varint(message, position)
        elif wire_type == _LENGTH_DELIMITED:
            length, position = _read_varint(message, position)
            content = message[position : position + length]
            if len(content) < length:
                return
            position += length
        elif wire_type in (_FIXED64, _FIXED32):
            position += 8 if wire_type == _FIXED64 else 4
        else:
            return
        yield tag >> 3, content


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and its end. A cut one ends the message."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        value |= (byte & ~_CONTINUES) << shift
        if not byte & _CONTINUES:
            return value, position
    return _INVALID, len(message)


def _build_session(
    weights: bytes, name: str, threads: int, device: str = "cpu"
) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Threads that spin after their work would take the cores that the search needs next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The hash would not cover weights in another file, found through the working folder.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NO_FOLDER
    )
    options.log_severity_level = 4  # problems raise exceptions
    providers = execution_providers(device)
    try:
        return onnxruntime.InferenceSession(weights, options, providers=providers)
    except Exception as error:
        if _EXTERNAL_DATA in weights:
            raise EncoderError(
                f"The encoder {name} has weights in another file, which lookalike doesn't read; "
                "save it as one file: onnx.save(onnx.load(PATH), NEW_PATH)"
            ) from error
        raise _unusable(name, error) from error


def _check_tensors(session: onnxruntime.InferenceSession, card: Card) -> None:
    """Check that the network has the tensors that its card describes."""
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    outputs = [tensor.name for tensor in session.get_outputs()]
    if list(inputs) != [card.input.name] or card.output.name not in outputs:
        raise EncoderError(
            f"The card of {card.name} states the input {card.input.name!r} and the output "
            f"{card.output.name!r}, but the network has {', '.join(inputs) or 'no input'} and "
            f"{', '.join(outputs)}. Change the card's input.name and output.name."
        )
    tensor_type = inputs[card.input.name].type
    if tensor_type != _TENSOR_TYPES[card.input.dtype]:
        raise EncoderError(
            f"The encoder {card.name} takes {tensor_type}; its card says input.dtype "
            f"{card.input.dtype!r}. Change the card; lookalike supports uint8 and float32."
        )
    shape = inputs[card.input.name].shape
    size = (card.preprocessing.height, card.preprocessing.width)
    stated = [None, *size, 3] if card.input.layout == "NHWC" else [None, 3, *size]
    matches = (
        not isinstance(side, int) or expected in (side, None)
        for side, expected in zip(shape, stated, strict=False)
    )
    if len(shape) != len(stated) or not all(matches):
        raise EncoderError(
            f"The encoder {card.name} takes {shape}; its card states {['N', *stated[1:]]}. Change "
            "the card's preprocessing or input.layout."
        )


def _example_card(path: Path, weights: bytes) -> Card:
    """Write a card from what the file itself shows, and guess the rest.

    Raises:
        EncoderError: it is not a network that lookalike can use.
    """
    session = _build_session(weights, str(path), 1)
    tensor, output = session.get_inputs()[0], session.get_outputs()[0]
    shape: list[Any] = [None] * _PICTURE_AXES
    if len(tensor.shape) == _PICTURE_AXES:
        shape = tensor.shape
    is_nchw = shape[3] != _CHANNELS and (shape[1] == _CHANNELS or "uint8" not in tensor.type)
    sides = shape[2:] if is_nchw else shape[1:3]
    height, width = (s if isinstance(s, int) and s > 0 else _EXAMPLE_SIDE_PIXELS for s in sides)
    layout = "NCHW" if is_nchw else "NHWC"
    dimensions = [side for side in output.shape[1:] if isinstance(side, int) and side > 1]
    try:
        return Card(
            name=path.stem,
            dimensions=dimensions[0] if dimensions else _EXAMPLE_DIMENSIONS,
            preprocessing=Preprocessing(width, height),
            input=Input(tensor.name, layout)
            if tensor.type == _TENSOR_TYPES["uint8"]
            # ImageNet's, with which most networks were trained.
            else Input(
                tensor.name, layout, "float32", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
            ),
            output=Output(output.name, unit=False),
        )
    except ValueError as error:
        raise _unusable(str(path), error) from error


def _unusable(name: str, error: Exception) -> EncoderError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return EncoderError(
        f"The encoder {name} can't run: {reason}. Check that it is an ONNX file of standard "
        "operators, and that its card matches it."
    )
