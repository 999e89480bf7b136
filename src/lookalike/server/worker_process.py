"""A worker process: it alone decodes pictures, and the server survives its crash."""

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
from .messages import FAULT, Message, error_as_json, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from ..gallery import Gallery
    from ..search import Query

MEMORY_BYTES = 2 * 2**30  # that a worker may use for pictures, after warm-up
CACHED_SIDE_PIXELS = 1_024  # shorter side of a cached query
CACHED_QUALITY = 92
THUMBNAIL_QUALITY = 78
MAX_POINTS = 60
THUMBNAIL_SIZES = (160, 320, 640)  # pixels of the longer side


def run_worker(connection: Connection, folder: str) -> None:
    """Run as a worker until the pipe closes: `hello` first, then one task after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows, see `workers`
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    messages = listen(connection)
    from ..gallery import Gallery

    worker = Worker(Gallery.open(folder))
    worker.warm_up()
    limit_memory()
    while True:
        values, blob = messages.get()
        reply: dict[str, Any]
        data = b""
        try:
            if values["verb"] == "hello":
                reply = {"pid": os.getpid()}
            else:
                reply, data = worker.tasks[values["verb"]](values, blob)
        except LookalikeError as error:
            reply = error_as_json(error)
        except MemoryError:
            reply = error_as_json(
                PictureError("There is not enough memory for this picture; try a smaller one.")
            )
        except Exception:  # noqa: BLE001  a bug: it is logged, and the worker keeps running
            traceback.print_exc()
            reply = {"error": FAULT}
        send(connection, reply, data)


def listen(connection: Connection) -> queue.Queue[Message]:
    """Read the pipe in a thread, so that the process ends when the pipe closes, even if busy."""
    messages: queue.Queue[Message] = queue.Queue()

    def read() -> None:
        while True:
            try:
                messages.put(receive(connection))
            except (EOFError, OSError, ValueError):
                os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return messages


def limit_memory() -> None:
    """Limit the memory of this process where the system can: a bomb then raises an error."""
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            sizes = dict(line.split(":", 1) for line in file)
        used = int(sizes["VmData"].split()[0]) * 1024
        # Not the address space: Lance and glibc reserve much that they never use.
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY_BYTES,) * 2)
    except (ImportError, OSError, KeyError, ValueError):
        return


class Worker:
    """The tasks of a worker.

    Attributes:
        tasks: by name; each takes a JSON object and bytes, and returns the same.
    """

    def __init__(self, gallery: Gallery) -> None:
        """Work on a gallery."""
        self._gallery = gallery
        self.tasks: dict[str, Callable[[dict[str, Any], bytes], Message]] = {
            "add": self._add,
            "compare": self._compare,
            "reduce": self._reduce,
            "search": self._search,
            "thumbnail": self._thumbnail,
        }

    def warm_up(self) -> None:
        """Load weights and libraries, so that no search waits for them.

        Their memory is then in use, and what pictures add to it can be limited.
        """
        import numpy as np

        blank = np.zeros((64, 64, 3), np.uint8)
        try:
            self._gallery.search(blank, top=1)
        except LookalikeError:  # the gallery is empty, or has a fault that each search reports
            _search_temporary_gallery(blank)

    def _search(self, values: dict[str, Any], blob: bytes) -> Message:
        from ..client import hit_as_json
        from ..copies import changes
        from ..search import Filter

        query = self._prepare(values["query"], blob, values["region"])
        result = self._gallery.search(
            query,
            top=values["top"],
            min_score=values["min_score"],
            copies=values["copies"],
            where=Filter.from_json(values["filter"]) if values["filter"] else None,
        )
        hits = [
            hit_as_json(hit, changes(hit.match) if hit.match and hit.kind == "copy" else [])
            for hit in result
        ]
        return {**_size(query), "hits": hits, "version": result.version}, b""

    def _prepare(
        self, source: dict[str, Any], blob: bytes, region: list[float] | None = None
    ) -> Query:
        """Prepare a query: uploaded bytes, a cached query, or a picture of the gallery."""
        from ..decode import MIN_SIDE_PIXELS, decode
        from ..search import Query, prepare

        part = (region[0], region[1], region[2], region[3]) if region else None
        if source["from"] == "gallery":
            blob, path = self._read(source["id"])
            return replace(prepare(blob, part), name=path, path=None if part else path)
        if source["from"] == "bytes":
            return prepare(blob, part)
        # The cached JPEG may be smaller than the file; the query reports the file's size.
        cached = decode(blob, min_side=CACHED_SIDE_PIXELS if part else MIN_SIDE_PIXELS)
        whole = Query(
            replace(cached, width=source["width"], height=source["height"]),
            source["name"],
            content=bytes.fromhex(source["id"]),
        )
        return prepare(whole, part)

    def _read(self, picture_id: str) -> tuple[bytes, str]:
        """Read a picture of the gallery; return its bytes and its path."""
        from ..storage import Manifest
        from . import files

        entry = self._gallery.get(picture_id)
        if entry is None:
            raise ArgumentError("The gallery no longer has this picture; search again.")
        manifest = Manifest.read(self._gallery.folder)
        try:
            return files.read(entry, manifest.roots if manifest else ()), entry.paths[0]
        except OSError as error:
            raise PictureError("The picture's file can't be read; check its disk.") from error

    def _reduce(self, _: dict[str, Any], blob: bytes) -> Message:
        """Make the JPEG of a query for the cache, and measure the query."""
        from PIL import Image

        from ..decode import decode

        picture = decode(blob, min_side=CACHED_SIDE_PIXELS)
        out = io.BytesIO()
        options = {"quality": CACHED_QUALITY, "subsampling": 0}
        Image.fromarray(picture.pixels).save(out, "JPEG", **options)
        return {"width": picture.width, "height": picture.height}, out.getvalue()

    def _thumbnail(self, values: dict[str, Any], blob: bytes) -> Message:
        from PIL import Image

        from ..decode import decode

        if values["id"]:
            blob, _ = self._read(values["id"])
        size = values["size"]
        image = Image.fromarray(decode(blob, min_side=size).pixels)
        image.thumbnail((size, size))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=THUMBNAIL_QUALITY, method=4)  # pixels only: no EXIF
        return {}, out.getvalue()

    def _compare(self, values: dict[str, Any], blob: bytes) -> Message:
        from ..client import match_as_json
        from ..copies import changes
        from ..search import compare

        split = values["split"]
        query = self._prepare(values["query"], blob[:split])
        target = self._prepare(values["target"], blob[split:])
        comparison = compare(query, target)
        kind, match = comparison.kind, comparison.match
        points = match.points[:MAX_POINTS].astype(float).round(2).tolist() if match else []
        return {
            "kind": kind,
            "sentences": list(comparison.sentences),
            "changes": changes(match) if match and kind == "copy" else [],
            "match": match_as_json(match),
            "query": _size(query),
            "target": _size(target),
            "points": points,
        }, b""

    def _add(self, values: dict[str, Any], _: bytes) -> Message:
        path = values["path"]
        self._gallery.index(path)
        for refusal in self._gallery.refused():
            if refusal.path == path:
                raise PictureError(f"The picture can't be used: {refusal.reason}.")
        return {}, b""


def _search_temporary_gallery(pixels: NDArray[np.uint8]) -> None:
    """Search a temporary gallery of one picture."""
    from PIL import Image

    from ..gallery import Gallery

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = os.path.join(folder, "blank.png")
        Image.fromarray(pixels).save(path)
        gallery = Gallery.open(os.path.join(folder, "gallery"))
        gallery.index(path)
        gallery.search(pixels, top=1)


def _size(query: Query) -> dict[str, Any]:
    width, height = query.whole_size or (query.picture.width, query.picture.height)
    return {"width": width, "height": height}
