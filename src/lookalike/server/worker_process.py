"""What a worker process does: it alone decodes pictures, and can be lost without harm."""

from __future__ import annotations

import io
import os
import queue
import signal
import tempfile
import threading
import traceback
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, LookalikeError, PictureError
from .messages import FAULT, error_as_json, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from ..gallery import Gallery
    from ..search import Query
    from ..types import Hit

    Answer = tuple[dict[str, Any], bytes]

MEMORY_BYTES = 2 * 2**30  # that a worker may take beyond what it has when it is ready
KEPT_SIDE_PIXELS = 1_024  # the shorter side of a query that is kept
KEPT_QUALITY = 92
THUMBNAIL_QUALITY = 78
MAX_POINTS = 60
SIZES = (160, 320, 640)  # of small pictures: pixels of the longer side


def work(connection: Connection, folder: str) -> None:
    """Run as a worker until the pipe ends: `hello` first, then one task after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends this
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    waiting = listen(connection)
    from ..gallery import Gallery

    tasks = Tasks(Gallery.open(folder))
    tasks.warm_up()
    limit_memory()
    while True:
        values, blob = waiting.get()
        found: dict[str, Any]
        data = b""
        try:
            if values["verb"] == "hello":
                found = {"pid": os.getpid()}
            else:
                found, data = tasks.verbs[values["verb"]](values, blob)
        except LookalikeError as error:
            found = dict(error_as_json(error))
        except MemoryError:
            said = "there is not enough memory for this picture; take a smaller one."
            found = dict(error_as_json(PictureError(said)))
        except Exception:  # noqa: BLE001  a fault of ours: told, and this process goes on
            traceback.print_exc()
            found = {"error": FAULT}
        send(connection, found, data)


def listen(connection: Connection) -> queue.Queue[tuple[dict[str, Any], bytes]]:
    """Read the pipe in a thread, so that the process ends with it, whatever it is doing."""
    waiting: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue()

    def read() -> None:
        while True:
            try:
                waiting.put(receive(connection))
            except (EOFError, OSError, ValueError):
                os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return waiting


def limit_memory() -> None:
    """Bound what this process may still take, where the system can: a bomb ends as an error."""
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            sizes = dict(line.split(":", 1) for line in file)
        now = int(sizes["VmData"].split()[0]) * 1024
        # Not the address space: Lance and glibc reserve much that they never touch.
        resource.setrlimit(resource.RLIMIT_DATA, (now + MEMORY_BYTES,) * 2)
    except (ImportError, OSError, KeyError, ValueError):
        return


class Tasks:
    """The tasks by name; each takes an object of JSON and bytes, and gives the same."""

    def __init__(self, gallery: Gallery) -> None:
        """Work on a gallery."""
        self._gallery = gallery
        self.verbs: dict[str, Callable[[dict[str, Any], bytes], Answer]] = {
            "add": self._add,
            "compare": self._compare,
            "keep": self._keep,
            "search": self._search,
            "thumbnail": self._thumbnail,
        }

    def warm_up(self) -> None:
        """Load weights and libraries, so that no query waits for them.

        What they take is known then, and what a picture may take beyond it can be bounded.
        """
        import numpy as np

        nothing = np.zeros((64, 64, 3), np.uint8)
        try:
            self._gallery.search(nothing, top=1)
        except LookalikeError:  # there is nothing yet, or something that each search will tell
            _search_elsewhere(nothing)

    def _search(self, values: dict[str, Any], blob: bytes) -> Answer:
        from ..search import Filter

        asked = self._asked(values["query"], blob, values["region"])
        where = Filter.from_json(values["filter"]) if values["filter"] else None
        result = self._gallery.search(
            asked,
            top=values["top"],
            min_score=values["min_score"],
            copies=values["copies"],
            where=where,
        )
        hits = [_hit(hit) for hit in result]
        return {**_sizes(asked), "hits": hits, "version": result.version}, b""

    def _asked(
        self, source: dict[str, Any], blob: bytes, region: list[float] | None = None
    ) -> Query:
        """Look at a query: bytes that were sent, a kept picture, or one of the gallery."""
        from ..decode import MIN_SIDE_PIXELS, decode
        from ..search import Query, prepare
        from . import files

        part = (region[0], region[1], region[2], region[3]) if region else None
        if source["from"] == "gallery":
            entry = self._gallery.get(source["id"])
            if entry is None:
                raise ArgumentError("The gallery does not have this picture any more.")
            blob = _read(lambda: files.read(entry, self._roots()))
            asked = prepare(blob, part)
            return replace(asked, name=entry.paths[0], path=None if part else entry.paths[0])
        if source["from"] == "bytes":
            return prepare(blob, part)
        # A kept one stands for a file that may have been larger.
        kept = decode(blob, min_side=KEPT_SIDE_PIXELS if part else MIN_SIDE_PIXELS)
        whole = Query(
            replace(kept, width=source["width"], height=source["height"]),
            source["name"],
            content=bytes.fromhex(source["id"]),
        )
        return prepare(whole, part)

    def _roots(self) -> list[str]:
        from ..storage import Manifest

        manifest = Manifest.read(self._gallery.folder)
        return list(manifest.roots) if manifest else []

    def _keep(self, _: dict[str, Any], blob: bytes) -> Answer:
        from PIL import Image

        from ..decode import decode

        picture = decode(blob, min_side=KEPT_SIDE_PIXELS)
        out = io.BytesIO()
        options = {"quality": KEPT_QUALITY, "subsampling": 0}
        Image.fromarray(picture.pixels).save(out, "JPEG", **options)
        return {"width": picture.width, "height": picture.height}, out.getvalue()

    def _thumbnail(self, values: dict[str, Any], blob: bytes) -> Answer:
        from PIL import Image

        from ..decode import decode
        from . import files

        if values["id"]:
            entry = self._gallery.get(values["id"])
            if entry is None:
                raise ArgumentError("The gallery does not have this picture any more.")
            blob = _read(lambda: files.read(entry, self._roots()))
        size = values["size"]
        small = Image.fromarray(decode(blob, min_side=size).pixels)
        small.thumbnail((size, size))
        out = io.BytesIO()
        small.save(out, "WEBP", quality=THUMBNAIL_QUALITY, method=4)  # pixels only: no EXIF
        return {}, out.getvalue()

    def _compare(self, values: dict[str, Any], blob: bytes) -> Answer:
        from ..copies import changes
        from ..search import compare

        split = values["split"]
        query = self._asked(values["query"], blob[:split])
        target = self._asked(values["target"], blob[split:])
        found = compare(query, target)
        match = found.match
        points = match.points[:MAX_POINTS].astype(float).round(2).tolist() if match else []
        return {
            "kind": found.kind,
            "sentences": list(found.sentences),
            "changes": changes(match) if match and found.kind == "copy" else [],
            "match": match.as_json() if match else None,
            "query": _sizes(query),
            "target": _sizes(target),
            "points": points,
        }, b""

    def _add(self, values: dict[str, Any], _: bytes) -> Answer:
        path = values["path"]
        self._gallery.index(path)
        for refusal in self._gallery.refused():
            if refusal.path == path:
                raise PictureError(f"The picture can't be used: {refusal.reason}.")
        return {}, b""


def _search_elsewhere(pixels: NDArray[np.uint8]) -> None:
    """Search a gallery of one picture, made for that."""
    from PIL import Image

    from ..gallery import Gallery

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, "nothing.png")
        Image.fromarray(pixels).save(path)
        gallery = Gallery.open(os.path.join(folder, "gallery"))
        gallery.index(path)
        gallery.search(pixels, top=1)


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except OSError as error:
        raise PictureError("The picture's file can't be read now; look at its disk.") from error


def _sizes(asked: Query) -> dict[str, Any]:
    whole = asked.whole_size or (asked.picture.width, asked.picture.height)
    return {"width": whole[0], "height": whole[1]}


def _hit(hit: Hit) -> dict[str, Any]:
    from ..client import hit_as_json
    from ..copies import changes

    return hit_as_json(hit, changes(hit.match) if hit.match and hit.kind == "copy" else [])
