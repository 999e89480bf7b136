"""How the process of the command ends, whatever its threads are doing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lookalike import Gallery

from .conftest import draw, fill, soak

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")


class Start:
    """Starts the command in processes of their own, after some code."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[str]] = []

    def __call__(self, *arguments: str | Path, before: str = "") -> subprocess.Popen[str]:
        code = f"import sys\n{before}\nfrom lookalike.__main__ import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process


@pytest.fixture
def start() -> Iterator[Start]:
    start = Start()
    yield start
    for process in start.processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


# A worker that nobody waits for, in the C++ of ONNX Runtime, of OpenCV, or in Lance.
NATIVE = {
    "onnxruntime": """
from lookalike.encoders import load
encoder = load()
inputs = [encoder.prepare(picture)]
def work(): encoder.encode(inputs, threads=1)
""",
    "opencv": """
import cv2, numpy
pixels = numpy.zeros((400, 400), "uint8")
def work(): cv2.GaussianBlur(pixels, (0, 0), 9)
""",
    "lance": """
import os
os.environ["LANCE_LOG"] = "error"
import lance, pyarrow
table = pyarrow.table({"x": range(1000)})
def work(): lance.write_dataset(table, sys.argv[2] + ".lance", mode="overwrite")
""",
}
ENDLESS = """
import threading
from lookalike.decode import decode
picture = decode(open(sys.argv[2], "rb").read())
{native}
work()
def endless():
    while True: work()
from lookalike.cli import terminal
say = terminal.say
def start_and_say(*arguments, **options):  # the command is at its end
    threading.Thread(target=endless, daemon=True).start()
    say(*arguments, **options)
terminal.say = start_and_say
"""


@pytest.mark.parametrize("native", NATIVE)
def test_a_thread_in_native_code_does_not_abort_the_end(
    start: Start, tmp_path: Path, native: str
) -> None:
    (path,) = fill(tmp_path, 1)
    for _ in range(soak(2, 20)):
        process = start("compare", path, path, before=ENDLESS.format(native=NATIVE[native]))
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        assert "the same picture" in output


def test_a_worker_that_never_ends_does_not_hold_the_end(start: Start, tmp_path: Path) -> None:
    """As one that reads from a network disk that hangs, or decodes a huge picture."""
    before = """
import time
from lookalike.ingest import pool, threads
pool.HALT_SECONDS = 0.1
def hang(*arguments, **options):
    print("hangs", flush=True)
    time.sleep(1000)
threads.process_chunk = hang
"""
    fill(tmp_path / "p", 1)
    process = start("index", tmp_path / "p", "--gallery", tmp_path / "g", before=before)
    assert process.stdout
    assert process.stdout.readline() == "hangs\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.count("\n")) == (130, 1), errors
    assert errors.startswith("Stopped with 0 files of this run in")


def test_ctrl_c_at_any_moment_ends_in_order(start: Start, tmp_path: Path) -> None:
    """Once or many times; nothing but a sentence is said, and the next run goes on."""
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)
    (tmp_path / "p").mkdir()
    large = draw(1, (2400, 1800))
    for number in range(24):  # a chunk of them takes a second
        large.putpixel((0, 0), (number, 0, 0))
        large.save(tmp_path / "p" / f"{number}.png", compress_level=1)
    for number in range(soak(3, 100)):
        process = start("index", tmp_path / "p", "--gallery", tmp_path / "g" / str(number))
        time.sleep(rng.uniform(0.2, 3))
        gap = rng.uniform(0.02, 0.8)
        for _ in range(rng.choice([1, 2, 8])):
            process.send_signal(signal.SIGINT)
            time.sleep(gap)
        _, errors = process.communicate(timeout=120)
        said = [line for line in errors.splitlines() if not line.startswith("Stopped with ")]
        assert (said, process.returncode in {0, 130}) == ([], True), (process.returncode, errors)
        if number == 0:
            gallery = Gallery.open(tmp_path / "g" / str(number))
            gallery.index(tmp_path / "p")
            assert gallery.info().files == 24


@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_in_a_terminal_ends_the_server_in_order(
    start: Start, tmp_path: Path, times: int
) -> None:
    """A terminal sends it to the server's processes, too, as they start or work."""
    fill(tmp_path / "p", 200)
    rng = random.Random(times)
    for number in range(soak(2, 40)):
        folder = tmp_path / "g" / str(number)
        arguments = ("serve", "--port", "0", "--workers", "1", "--gallery", folder)
        process = start(*arguments)
        assert process.stdout
        url = process.stdout.readline().split()[0]
        if number % 2:
            body = {"paths": [str(tmp_path / "p")]}
            httpx.post(f"{url}api/v1/index", json=body, trust_env=False).raise_for_status()
        time.sleep(rng.uniform(0, 1 + number % 2))
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "Stopped.\n")


def test_the_exit_code_is_that_of_the_command(start: Start, tmp_path: Path) -> None:
    for arguments, code in (
        (["--version"], 0),
        (["info", "--gallery", str(tmp_path)], 1),
        (["no"], 2),
    ):
        process = start(*arguments)
        process.communicate(timeout=60)
        assert process.returncode == code
    process = start("--version", before="from lookalike.cli import terminal\nterminal.say = None")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1  # a bug is shown, and is no success
    assert "TypeError" in errors
