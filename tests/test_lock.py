from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import GalleryBusyError, StorageError
from lookalike.lock import writing


def test_one_writer_at_a_time_also_within_a_process(tmp_path: Path) -> None:
    with writing(tmp_path / "g"):
        with pytest.raises(GalleryBusyError, match="Another lookalike is writing"):
            writing(tmp_path / "g").__enter__()
        with writing(tmp_path / "other"):
            pass
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "g"):
        raise ZeroDivisionError
    with writing(tmp_path / "g"):
        pass


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--gallery"), writing(tmp_path / "file" / "g"):
        pass
