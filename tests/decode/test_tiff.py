from __future__ import annotations

import math
import struct
import time

import pytest

from lookalike.decode.tiff import MAX_DIRECTORIES, Tiff, clean_text

from .files import tiff


def test_values_of_each_type() -> None:
    data = tiff([{270: (2, b"text\0"), 258: (3, [8, 9]), 256: (4, [70_000]), 700: (1, b"\1\2\3")}])
    opened = Tiff(data)
    main = opened.directory(opened.first)
    assert main is not None
    assert opened.text(main, 270) == "text"
    assert opened.value(main, 258) == (8, 9)
    assert opened.number(main, 256) == 70_000
    assert opened.raw(main, 700) == b"\1\2\3"
    assert opened.number(main, 999, 5) == 5


def test_a_big_tiff() -> None:
    entry = struct.pack("<HHQQ", 256, 16, 1, 2**40)
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1) + entry + struct.pack("<Q", 0)
    opened = Tiff(data)
    main = opened.directory(opened.first)
    assert main is not None
    assert opened.number(main, 256) == 2**40


def test_what_lies_beyond_the_file_is_left_out() -> None:
    data = bytearray(tiff([{270: (2, b"a longer text\0"), 256: (4, [7])}]))
    start = Tiff(bytes(data)).first
    struct.pack_into("<I", data, start + 2 + 12 + 4, 2**31)  # the text's length
    opened = Tiff(bytes(data))
    main = opened.directory(opened.first)
    assert main is not None
    assert opened.value(main, 270) is None
    assert opened.number(main, 256) == 7
    for bad in (b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"XX*\0\0\0\0\0"):
        try:
            assert Tiff(bad).directory(2**32 - 1) is None
        except ValueError:
            continue


def test_fractions_over_zero_are_not_numbers() -> None:
    data = bytearray(tiff([{282: (2, struct.pack("<II", 1, 0))}]))
    struct.pack_into("<HI", data, Tiff(bytes(data)).first + 4, 5, 1)  # one fraction
    opened = Tiff(bytes(data))
    main = opened.directory(opened.first)
    assert main is not None
    value = opened.value(main, 282)
    assert isinstance(value, tuple)
    assert math.isnan(value[0])
    assert opened.number(main, 282) == 0


def test_loops_and_endless_chains_end() -> None:
    loop = bytearray(tiff([{256: (4, [1])}, {256: (4, [2])}]))
    first = Tiff(bytes(loop)).first
    second = struct.unpack_from("<I", loop, first + 14)[0]
    struct.pack_into("<I", loop, second + 14, first)
    assert len(list(Tiff(bytes(loop)).chain())) == 2
    long = b"II*\0\x08\0\0\0" + b"".join(
        struct.pack("<HI", 0, 14 + 6 * number) for number in range(MAX_DIRECTORIES + 100)
    )
    assert len(list(Tiff(long).chain())) == MAX_DIRECTORIES


def test_huge_counts_cost_nothing() -> None:
    data = (
        b"II*\0\x08\0\0\0" + struct.pack("<H", 0xFFFF) + b"\x12\x01\x03\0\xff\xff\xff\xff" * 90_000
    )
    began = time.perf_counter()
    opened = Tiff(data)
    main = opened.directory(opened.first)
    assert main is not None
    assert opened.value(main, 274) is None
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("data", "text"), [(b"caf\xc3\xa9\0rest", "café"), (b"caf\xe9", "café"), (b" \x01a\x02 ", "a")]
)
def test_text_is_cleaned(data: bytes, text: str) -> None:
    assert clean_text(data) == text
