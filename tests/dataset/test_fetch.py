from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock

from lookalike.dataset.fetch import CALTECH101, DATA_SETS, DataSet, fetch
from lookalike.errors import ArgumentError, DataSetError

from ..conftest import run_commands
from .conftest import FOLDER, TAR, Publisher, pictures, published, tar_of, zip_of

HIDDEN = ".lookalike-tiny"
PART = "tiny-3.zip.part"
# The real command, with one more data set.
CODE = """
import json, sys
from lookalike import dataset
from lookalike.cli.main import main
dataset.DATA_SETS["tiny"] = dataset.DataSet(**json.loads(sys.argv.pop(1)))
main()
"""


def content_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def command(data_set: DataSet, *arguments: str | Path) -> list[str]:
    return [
        sys.executable,
        "-c",
        CODE,
        json.dumps(asdict(data_set)),
        "dataset",
        *map(str, arguments),
    ]


@pytest.fixture
def tiny(publisher: Publisher) -> DataSet:
    return published(publisher.content, publisher.url)


def test_a_data_set_is_fetched(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    states: list[tuple[str, int, int]] = []
    result = fetch(tiny, tmp_path / "new" / "d", on_progress=lambda *state: states.append(state))
    assert result == tmp_path / "new" / "d" / FOLDER
    assert content_of(result) == pictures()
    assert os.listdir(result.parent) == [FOLDER]  # no archive and nothing else
    assert list(dict.fromkeys(doing for doing, _, _ in states)) == [
        "Downloading",
        "Checking",
        "Unpacking",
    ]
    states.clear()
    assert fetch(tiny, result.parent, on_progress=lambda *state: states.append(state)) == result
    assert states == []
    assert len(publisher.requests) == 1


def test_a_kept_archive_is_used_again(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    result = fetch(tiny, tmp_path, keep_archive=True)
    assert (tmp_path / "tiny-3.zip").read_bytes() == publisher.content
    result.rename(tmp_path / "away")
    fetch(tiny, tmp_path)
    assert len(publisher.requests) == 1
    assert sorted(os.listdir(tmp_path)) == [FOLDER, "away", "tiny-3.zip"]


def test_another_file_of_the_archives_name_is_not_overwritten(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "tiny-3.zip").write_text("mine")
    with pytest.raises(DataSetError, match="move it away, or leave out --keep-archive"):
        fetch(tiny, tmp_path, source=publisher.url, keep_archive=True)
    fetch(tiny, tmp_path, source=publisher.url)
    assert (tmp_path / "tiny-3.zip").read_text() == "mine"


@pytest.mark.parametrize("as_url", [False, True])
def test_a_local_archive_is_used(
    publisher: Publisher, tiny: DataSet, tmp_path: Path, as_url: bool
) -> None:
    mine = tmp_path / "mein archiv.zip"
    mine.write_bytes(publisher.content)
    result = fetch(tiny, tmp_path / "d", source=mine.as_uri() if as_url else mine)
    assert content_of(result) == pictures()
    assert mine.read_bytes() == publisher.content
    assert os.listdir(tmp_path / "d") == [FOLDER]
    assert publisher.requests == []


def test_another_local_archive_is_refused_and_stays(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    mine = tmp_path / "tiny-3.zip"
    for content, match in [
        (b"my own zip", "10 bytes, not"),
        (bytes(tiny.bytes), f"not MD5 {tiny.md5}"),
    ]:
        mine.write_bytes(content)
        for source in (mine, None):  # named, or found in its usual place
            with pytest.raises(DataSetError, match=match):
                fetch(tiny, tmp_path, source=source)
        assert os.listdir(tmp_path) == ["tiny-3.zip"]
        assert mine.read_bytes() == content
    with pytest.raises(DataSetError, match=r"can't be read \(No such file.*--from"):
        fetch(tiny, tmp_path, source=tmp_path / "none.zip")
    with pytest.raises(DataSetError, match=r"can't be read \(Is a directory"):
        fetch(tiny, tmp_path, source=tmp_path)
    assert publisher.requests == []


def test_another_url_resumes_the_download(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    publisher.cuts, publisher.codes = [300_000], [200, 404]
    with pytest.raises(DataSetError, match="HTTP 404"):
        fetch(tiny, tmp_path)
    assert (tmp_path / HIDDEN / PART).stat().st_size == 300_000
    fetch(tiny, tmp_path, source=f"{publisher.address}/mirror/tiny-3.zip")
    assert publisher.requests[-1][0] == "/mirror/tiny-3.zip"
    assert publisher.sent == tiny.bytes
    assert os.listdir(tmp_path) == [FOLDER]


def test_a_file_that_is_not_as_published_is_refused_and_downloaded_again(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    right, publisher.content = publisher.content, bytes(tiny.bytes)
    (tmp_path / "mine.jpg").write_text("mine")
    for _ in range(2):
        with pytest.raises(
            DataSetError, match=rf"not {tiny.md5}\).*saved as .*download it again.*--from"
        ):
            fetch(tiny, tmp_path)
    assert (tmp_path / HIDDEN / "tiny-3.zip.wrong").read_bytes() == publisher.content
    assert sorted(os.listdir(tmp_path)) == [HIDDEN, "mine.jpg"]
    assert publisher.sent == 2 * tiny.bytes
    publisher.content = right
    assert content_of(fetch(tiny, tmp_path)) == pictures()
    assert sorted(os.listdir(tmp_path)) == [FOLDER, "mine.jpg"]


def test_halves_of_two_versions_are_downloaded_again(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    publisher.etag = ""  # nothing identifies the versions
    part = tmp_path / HIDDEN / PART
    part.parent.mkdir()
    part.write_bytes(bytes(300_000))
    assert content_of(fetch(tiny, tmp_path)) == pictures()
    assert [headers.get("Range") for _, headers in publisher.requests] == ["bytes=300000-", None]


def test_a_part_longer_than_the_file_is_discarded(tiny: DataSet, tmp_path: Path) -> None:
    part = tmp_path / HIDDEN / PART
    part.parent.mkdir()
    part.write_bytes(bytes(tiny.bytes + 1))
    assert content_of(fetch(tiny, tmp_path)) == pictures()


def test_a_run_killed_while_unpacking_starts_over(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    half = tmp_path / HIDDEN / FOLDER / "ant" / "half.jpg"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    (tmp_path / HIDDEN / PART).write_bytes(publisher.content)
    assert content_of(fetch(tiny, tmp_path)) == pictures()
    assert publisher.requests == []
    assert os.listdir(tmp_path) == [FOLDER]


def test_incomplete_pictures_are_refused_and_stay(
    publisher: Publisher, tiny: DataSet, tmp_path: Path
) -> None:
    result = fetch(tiny, tmp_path)
    (result / "ant" / "image_0001.jpg").write_bytes(b"")  # as after a power cut
    with pytest.raises(DataSetError, match="with 11 of 12 pictures; move it away"):
        fetch(tiny, tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / FOLDER).write_text("a file of mine")
    with pytest.raises(DataSetError, match="with 0 of 12 pictures"):
        fetch(tiny, tmp_path / "d")
    assert (tmp_path / "d" / FOLDER).read_text() == "a file of mine"
    assert len(publisher.requests) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_broken_link_is_refused_and_stays(tiny: DataSet, tmp_path: Path) -> None:
    (tmp_path / FOLDER).symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataSetError, match="with 0 of 12 pictures"):
        fetch(tiny, tmp_path)
    (tmp_path / FOLDER).unlink()
    result = fetch(tiny, tmp_path)
    (result / "ant" / "image_0001.jpg").unlink()
    (result / "ant" / "image_0001.jpg").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataSetError, match=r"image_0001\.jpg can't be read"):
        fetch(tiny, tmp_path)


def test_an_archive_with_too_few_pictures_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    tiny = published(publisher.content, publisher.url, pictures=13)
    with pytest.raises(DataSetError, match="holds 12 pictures instead of 13"):
        fetch(tiny, tmp_path)
    assert os.listdir(tmp_path) == [HIDDEN]


def test_a_malicious_archive_leaves_nothing(publisher: Publisher, tmp_path: Path) -> None:
    publisher.content = zip_of({TAR: tar_of({f"{FOLDER}/1.jpg": b"1", "../evil.jpg": b"2"})})
    tiny = published(publisher.content, publisher.url)
    with pytest.raises(DataSetError, match="leads out of the archive"):
        fetch(tiny, tmp_path / "d")
    assert {p.name for p in tmp_path.rglob("*.jpg")} == set()
    assert os.listdir(tmp_path / "d") == [HIDDEN]


def test_a_lack_of_space_is_reported_before_the_download(
    publisher: Publisher, tmp_path: Path
) -> None:
    tiny = published(publisher.content, publisher.url, bytes=2**60)
    with pytest.raises(DataSetError, match="MB; free some space"):
        fetch(tiny, tmp_path)
    assert publisher.requests == []
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="limits are POSIX's")
def test_a_full_disk(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    # Like a full disk, a limit cuts a write short.
    limit = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    full = subprocess.run(
        [sys.executable, "-c", limit, *command(tiny, "tiny", tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert full.returncode == 1
    assert "is full (File too large); free some space and run the same command" in full.stderr
    assert "Traceback" not in full.stderr
    assert (tmp_path / HIDDEN / PART).stat().st_size == 300_000
    fetch(tiny, tmp_path)
    assert publisher.requests[-1][1]["Range"] == "bytes=300000-"


def test_a_second_run_is_refused(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    (tmp_path / HIDDEN).mkdir()
    with (
        FileLock(tmp_path / HIDDEN / "lock"),
        pytest.raises(DataSetError, match="Another lookalike is fetching tiny"),
    ):
        fetch(tiny, tmp_path)
    assert publisher.requests == []
    fetch(tiny, tmp_path)


def test_a_file_instead_of_a_folder_is_refused(tiny: DataSet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "d"):
        with pytest.raises(DataSetError, match=r"can't be read or written.*another folder"):
            fetch(tiny, folder)


@pytest.mark.parametrize(
    "source", ["ftp://127.0.0.1/x.zip", "file://elsewhere/x.zip", "http:///x", "http://[x", "://"]
)
def test_unsupported_sources_are_refused(tiny: DataSet, tmp_path: Path, source: str) -> None:
    with pytest.raises(ArgumentError, match="name a file, or an http or https URL"):
        fetch(tiny, tmp_path, source=source)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no data set 'imagenet'; use one of: caltech101"):
        fetch("imagenet", tmp_path)


def test_the_command(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    folder, mine = tmp_path / "my data", tmp_path / "mine.zip"
    mine.write_bytes(publisher.content)
    publisher.codes = [200, 200, 404]
    first, again, local, kept, unknown, missing = run_commands(
        ("dataset", "tiny", folder),
        ("dataset", "tiny", folder),
        ("dataset", "tiny", tmp_path / "b", "--from", mine),
        ("dataset", "tiny", tmp_path / "c", "--from", publisher.url, "--keep-archive"),
        ("dataset", "none", folder),
        ("dataset", "tiny", tmp_path / "e"),
        prelude="from lookalike import dataset\n"
        f"dataset.DATA_SETS['tiny'] = dataset.DataSet(**{asdict(tiny)})\n",
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        f"12 pictures in {folder / FOLDER}.",
        "Licence: CC BY 4.0",
        "Cite: Us (2026). Tiny 3.",
        f'Next: lookalike evaluate "{folder / FOLDER}" --protocol test3',
    ]
    assert first.stderr.splitlines()[-1].startswith("Unpacking: 0.0 of 0.0 MB")
    assert again.returncode == 0
    assert again.stdout.startswith(
        f"12 pictures in {folder / FOLDER} (already complete, so nothing was downloaded).\n"
    )
    assert again.stderr == ""
    assert local.returncode == 0
    assert kept.returncode == 0
    assert (tmp_path / "c" / "tiny-3.zip").exists()
    assert unknown.returncode == 2
    assert unknown.stderr == "There is no data set 'none'; use one of: caltech101, tiny.\n"
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"{publisher.url} can't be downloaded (HTTP 404)")
    assert len(publisher.requests) == 3  # by `first`, `kept` and `missing`


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_resumes(
    publisher: Publisher, tiny: DataSet, tmp_path: Path, sign: signal.Signals
) -> None:
    publisher.cuts = [-300_000]  # then the server stops sending
    process = subprocess.Popen(command(tiny, "tiny", tmp_path), stderr=subprocess.PIPE, text=True)
    part = tmp_path / HIDDEN / PART
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if part.exists() and part.stat().st_size == 300_000:
            break
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=30)
    if sign == signal.SIGINT:
        assert process.returncode == 130
        assert "Stopped (Downloading: 0.3 of 0.6 MB); run the same command again" in errors
        assert "Traceback" not in errors
    assert part.stat().st_size == 300_000
    assert not (tmp_path / FOLDER).exists()
    publisher.go_on.set()
    assert fetch(tiny, tmp_path) == tmp_path / FOLDER
    assert content_of(tmp_path / FOLDER) == pictures()
    assert os.listdir(tmp_path) == [FOLDER]
    assert publisher.requests[-1][1]["Range"] == "bytes=300000-"
    assert publisher.sent == tiny.bytes  # no byte twice


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals there")
def test_a_terminal_gets_a_bar(publisher: Publisher, tiny: DataSet, tmp_path: Path) -> None:
    import pty

    terminal, inside = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(
        command(tiny, "tiny", tmp_path),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:  # how a terminal ends
        pass
    os.close(terminal)
    assert process.wait(30) == 0
    assert b"Downloading" in shown
    assert b"Unpacking" in shown
    assert f"/{tiny.bytes / 1000:.1f} kB".encode() in shown


def test_the_real_data_sets(caltech101: Path) -> None:
    assert set(DATA_SETS) == {"caltech101"}
    assert caltech101.name == CALTECH101.folder
    assert sum(path.suffix == ".jpg" for path in caltech101.rglob("*")) == CALTECH101.pictures
    assert fetch("caltech101", caltech101.parent) == caltech101  # it is complete already
