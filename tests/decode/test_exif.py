from __future__ import annotations

import struct

import pytest
from PIL import Image

from lookalike.decode import decode
from lookalike.decode.exif import join_camera, parse_time, read_exif, read_taken

from .files import camera_exif, photo, saved


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_when_where_and_with_what_in_every_format(name: str) -> None:
    found = decode(saved(photo(), name, exif=camera_exif(offset="+02:00").tobytes())).properties
    assert found.taken == "2024-05-01T12:00:00+02:00"
    assert found.camera == "Canon EOS R6"
    assert found.latitude == pytest.approx(48.858333, abs=1e-5)
    assert found.longitude == pytest.approx(-2.291667, abs=1e-5)


def test_files_without_exif_tell_nothing() -> None:
    found = decode(saved(photo(), "JPEG")).properties
    assert (found.taken, found.camera, found.latitude, found.longitude) == (None,) * 4


def test_a_date_of_xmp_counts_if_exif_has_none() -> None:
    packet = b'<x xmlns:exif="e" exif:DateTimeOriginal="2023-01-02T03:04:05.67Z"/>'
    assert (
        decode(saved(photo(), "WEBP", xmp=packet)).properties.taken == "2023-01-02T03:04:05+00:00"
    )


@pytest.mark.parametrize(
    ("text", "offset", "found"),
    [
        ("2024:05:01 12:00:00", "", "2024-05-01T12:00:00"),
        ("2024:05:01 12:00:00", "+02:00", "2024-05-01T12:00:00+02:00"),
        ("2024:05:01 12:00:00", "rubbish", "2024-05-01T12:00:00"),
        ("2024-05-01T12:00:00.123-0330", "", "2024-05-01T12:00:00-03:30"),
        ("2024-05-01", "", "2024-05-01T00:00:00"),
        ("0000:00:00 00:00:00", "", None),
        ("    :  :     :  :  ", "", None),
        ("2024:13:01 12:00:00", "", None),
        ("2024:05:01 99:00:00", "", None),
        ("yesterday", "", None),
    ],
)
def test_times(text: str, offset: str, found: str | None) -> None:
    assert parse_time(text, offset) == found


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R6", "Canon EOS R6"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("Google", "Pixel 8", "Google Pixel 8"),
        ("Apple", "", "Apple"),
        ("", "X100V", "X100V"),
        ("", "", None),
        ("A" * 500, "B" * 500, "A" * 100),
    ],
)
def test_cameras(make: str, model: str, camera: str | None) -> None:
    assert join_camera(make, model) == camera


def test_what_people_and_cameras_wrote() -> None:
    exif = camera_exif()
    exif[270], exif[315], exif[18246] = "A caption", "Ann", 4
    exif[40094] = "sea;beach\0".encode("utf-16-le")
    exif.get_ifd(34665)[37510] = b"UNICODE\0" + "grüße".encode("utf-16-le")
    exif.get_ifd(34665)[37500] = b"maker's own" * 9
    facts = read_exif(exif.tobytes())
    assert facts["description"] == "A caption"
    assert facts["author"] == "Ann"
    assert facts["rating"] == "4"
    assert facts["keywords"] == "beach\nsea"
    assert facts["comment"] == "grüße"
    assert facts["maker note"] == "present"
    assert (facts["f-number"], facts["iso"], facts["lens"]) == ("2.8", "200", "RF 24-105mm")
    assert facts["taken"] == "2024-05-01T12:00:00"
    assert facts["latitude"] == "48.85833"


def test_what_software_writes_by_itself_is_left_out() -> None:
    exif = Image.Exif()
    for tag, value in ((305, "Photoshop"), (282, 72.0), (274, 1), (270, "OLYMPUS DIGITAL CAMERA")):
        exif[tag] = value
    exif.get_ifd(34665)[40962] = 4000
    exif.get_ifd(34665)[36864] = b"0232"
    assert read_exif(exif.tobytes()) == {}


def gps(latitude: tuple[int, ...], longitude: tuple[int, ...]) -> bytes:
    """EXIF of a place, each a list of fractions."""
    entries = b""
    tail = b""
    for tag, value in ((2, latitude), (4, longitude)):
        entries += struct.pack("<HHII", tag, 5, len(value) // 2, 26 + 30 + len(tail))
        tail += struct.pack(f"<{len(value)}I", *value)
    main = struct.pack("<HHHIII", 1, 34853, 4, 1, 26, 0)
    return b"II*\0\x08\0\0\0" + main + struct.pack("<H", 2) + entries + bytes(4) + tail


def test_impossible_places_are_none() -> None:
    assert read_taken(gps((10, 1, 30, 1, 0, 1), (20, 1, 0, 1, 0, 1))).latitude == 10.5
    for latitude in ((10, 0, 0, 0, 0, 0), (91, 1, 0, 1, 0, 1), (2**32 - 1, 1)):
        found = read_taken(gps(latitude, (20, 1, 0, 1, 0, 1)))
        assert (found.latitude, found.longitude) == (None, None)


@pytest.mark.parametrize("seed", range(5))
def test_damaged_exif_is_no_error(seed: int) -> None:
    import numpy as np

    whole = camera_exif(offset="+02:00").tobytes()
    rng = np.random.default_rng(seed)
    for _ in range(200):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(0, len(whole), 12)] = rng.integers(0, 256, 12)
        data = damaged[: rng.integers(1, len(whole) + 1)].tobytes()
        found = read_taken(data)
        assert found.latitude is None or -90 <= found.latitude <= 90
        assert len(found.camera or "") <= 100
        assert all(isinstance(value, str) for value in read_exif(data).values())
