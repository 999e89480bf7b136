from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import GalleryBusyError, StorageError
from lookalike.storage.lock import write_lock


def test_one_writer_at_a_time_also_within_a_process(tmp_path: Path) -> None:
    with write_lock(tmp_path / "g"):
        with pytest.raises(GalleryBusyError, match="Another lookalike is writing"):
            write_lock(tmp_path / "g").__enter__()
        with write_lock(tmp_path / "other"):
            pass
    with pytest.raises(ZeroDivisionError), write_lock(tmp_path / "g"):
        raise ZeroDivisionError
    with write_lock(tmp_path / "g"):
        pass


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--gallery"), write_lock(tmp_path / "file" / "g"):
        pass
