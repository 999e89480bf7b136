from __future__ import annotations

import struct

import numpy as np

from lookalike.decode.iptc import find_iptc, read_iptc


def dataset(number: int, value: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def resource(kind: int, body: bytes, name: bytes = b"") -> bytes:
    head = bytes((len(name),)) + name
    head += b"\0" * (len(head) % 2)
    return (
        b"8BIM"
        + struct.pack(">H", kind)
        + head
        + struct.pack(">I", len(body))
        + body
        + b"\0" * (len(body) % 2)
    )


WHOLE = (
    dataset(90, b"\x1b%G", record=1)
    + dataset(5, "Grüße".encode())
    + dataset(25, b"sea")
    + dataset(25, b"beach")
    + dataset(55, b"20240501")
    + dataset(60, b"120000+0200")
    + dataset(120, b"A caption")
    + dataset(65, b"Photoshop")
)


def test_datasets_have_the_names_of_xmp() -> None:
    assert read_iptc(WHOLE) == {
        "title": "Grüße",
        "keywords": "beach\nsea",
        "taken": "2024-05-01T12:00:00+02:00",
        "description": "A caption",
    }


def test_the_block_is_found_among_those_of_photoshop() -> None:
    blocks = resource(0x03ED, b"odd") + resource(0x0404, WHOLE, b"name") + resource(0x0425, b"16")
    assert find_iptc(blocks) == WHOLE
    assert find_iptc(resource(0x03ED, b"odd")) == b""


def test_damage_is_no_error() -> None:
    rng = np.random.default_rng(0)
    blocks = np.frombuffer(resource(0x0404, WHOLE), np.uint8)
    for _ in range(300):
        damaged = blocks.copy()
        damaged[rng.integers(0, len(blocks), 9)] = rng.integers(0, 256, 9)
        data = damaged[: rng.integers(1, len(blocks) + 1)].tobytes()
        assert isinstance(read_iptc(find_iptc(data) or data), dict)
