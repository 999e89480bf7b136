from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import GalleryFormatError
from lookalike.storage.sealed_json import damaged_files, read_sealed, seal, unseal, write_sealed

VALUES: dict[str, Any] = {"a": [1, "caf\udce9"], "b": {"c": None}}


def test_what_was_sealed_is_read_and_a_change_is_noticed() -> None:
    data = seal(VALUES)
    assert unseal(data) == VALUES
    assert unseal(data.replace(b"\n", b"\n ")) == VALUES  # as an editor leaves it
    assert unseal(b'{"a": 1}') == {"a": 1}  # of an earlier version
    for bad in (data.replace(b"1", b"2"), data[:-3], b"", b"[]", b"7", b"[" * 100_000, b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011  of JSON, of UTF-8, or ours
            unseal(bad)


@pytest.mark.parametrize("is_copy", [False, True])
@pytest.mark.parametrize("bad", [b"", b'{"a"', None])
def test_each_of_two_copies_restores_the_other(
    tmp_path: Path, bad: bytes | None, is_copy: bool
) -> None:
    write_sealed(tmp_path, "x.json", VALUES, None)
    path = tmp_path / "checksums" / "x.json" if is_copy else tmp_path / "x.json"
    good = path.read_bytes()
    path.unlink() if bad is None else path.write_bytes(bad)
    if not is_copy:
        with pytest.raises(GalleryFormatError, match="lookalike check") as caught:
            read_sealed(tmp_path, "x.json")
        again = pickle.loads(pickle.dumps(caught.value))  # as Ray sends it
        assert str(again) == str(caught.value)
    found = [] if is_copy and bad is None else [path]  # a copy that is not there yet is no damage
    assert [one for one, _, _ in damaged_files(tmp_path, repair=False)] == found
    assert [done for _, _, done in damaged_files(tmp_path, repair=True)] == [True] * len(found)
    assert not found or path.read_bytes() == good
    known = read_sealed(tmp_path, "x.json")
    assert known
    assert known[0] == VALUES
