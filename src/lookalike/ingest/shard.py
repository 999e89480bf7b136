"""What one worker of a cluster does: a shard of the listing in, fragments and outcomes out.

Nothing here is committed, so that a shard may be worked through twice: what its worker wrote is
part of the gallery only once the ledger's keeper, who gets the outcomes, has appended it.
"""

from __future__ import annotations

import contextlib
import functools
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import encoders
from ..copies import single_threaded
from ..errors import EncoderError
from ..sources import content_hash, read, release
from ..storage import Store, parse_place
from ..types import Record, Source
from .ingest import chunk_pictures, process
from .ledger import Claims, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from ..encoders import Encoder
    from ..storage import FragmentPair
    from .seen import Contents

READERS = 8  # threads that read ahead, for what is far away
MAX_PART_BYTES = 64 * 2**20  # of files read together, two such parts at a time

Asked = list[tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all shards of an ingest share.

    Attributes:
        gallery: its address, of the same place on all nodes.
        table: name of its table of pictures.
        dimensions: D of the vectors.
        copies: whether fingerprints are kept.
        encoder: what `encoders.load` takes.
        sha256: of the encoder's weights.
        device: what it is to run on, see `encoders.load`.
    """

    gallery: str
    table: str
    dimensions: int
    copies: bool
    encoder: str
    sha256: str
    device: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a shard.

    Attributes:
        outcomes: as of `ingest.process`; the row of a new path is in a fragment, that of a known
            one comes as a record.
        fragments: what was written, to be appended together with taking the outcomes.
        missing: the sources that are not there, as this node sees it.
        node: its name.
    """

    outcomes: list[Outcome]
    fragments: FragmentPair
    missing: list[Source]
    node: str


class Desk:
    """Where all workers ask, so that no content is encoded twice: the `Claims` of a cluster."""

    def __init__(self, contents: Contents) -> None:
        """Start from what the gallery has."""
        self._claims = Claims(contents)

    def claim(self, asked: Asked) -> list[tuple[bool, bool]]:
        """Claim contents for files; of each, whether it is granted, and lacks a fingerprint."""
        return [(self._claims.claim(*one), self._claims.lacks_fingerprint(one[0])) for one in asked]

    def settle(self, contents: Iterable[bytes], *, encoded: bool) -> None:
        """Say that claimed contents are encoded, or free for others."""
        for content in contents:
            self._claims.settle(content, encoded=encoded)

    def of(self, path: str) -> list[bytes]:
        """Give the contents that a file has claimed."""
        return self._claims.of(path)


class _Part:
    """A few files that are read together, and then claimed in one question."""

    def __init__(self, sources: Sequence[Source], readers: ThreadPoolExecutor) -> None:
        self.sources = sources
        self._read = {source.path: readers.submit(read, source) for source in sources}
        self._granted: dict[str, bool] = {}
        self._lacking: dict[bytes, bool] = {}

    def ask(self, ask: Callable[[Asked], list[tuple[bool, bool]]]) -> None:
        """Wait for the files, and claim their contents."""
        asked = [(content_hash(f.result()), p) for p, f in self._read.items() if not f.exception()]
        for (content, path), (granted, lacks) in zip(asked, ask(asked), strict=True):
            self._granted[path], self._lacking[content] = granted, lacks

    def read(self, source: Source) -> bytes:
        """Give a file's bytes, once; raise what reading it raised."""
        future: Future[bytes] = self._read.pop(source.path)
        return future.result()

    def claim(self, _: bytes, path: str) -> bool:
        """Tell whether the content was granted to a file."""
        return self._granted[path]

    def lacks_fingerprint(self, content: bytes) -> bool:
        """Tell whether there is no fingerprint of it."""
        return self._lacking[content]


def work(
    setting: Setting,
    shard: Sequence[tuple[Source, bool]],
    ask: Callable[[Asked], list[tuple[bool, bool]]],
) -> Result:
    """Read, decode and encode a shard, and write the rows of its new paths into fragments.

    Args:
        setting: of the ingest.
        shard: the files, each with whether no row has its path, nor will have.
        ask: `Desk.claim`, wherever it is.

    Raises:
        EncoderError: the encoder can't be loaded here, has other weights here, or fails.
        StorageError: the gallery is not to be seen from here, or can't be written.
    """
    store, encoder = _opened(setting)
    outcomes = list[Outcome]()
    sources = [source for source, _ in shard]
    with contextlib.ExitStack() as stack:
        stack.callback(release)
        stack.enter_context(single_threaded())
        readers = stack.enter_context(ThreadPoolExecutor(READERS))
        parts = (_Part(some, readers) for some in _parts(sources, chunk_pictures(encoder)))
        ahead = next(parts, None)
        while ahead:
            part, ahead = ahead, next(parts, None)
            part.ask(ask)
            outcomes += process(part.sources, encoder, part, copies=setting.copies, read=part.read)
    new = {source.path for source, is_new in shard if is_new}
    records = list[Record]()
    for at, outcome in enumerate(outcomes):
        if outcome.record and outcome.source.path in new:
            records.append(outcome.record)
            outcomes[at] = replace(outcome, record=None, written=True)
    known = {outcome.source.path for outcome in outcomes}
    missing = [source for source in sources if source.path not in known]
    return Result(outcomes, store.write_fragments(records), missing, platform.node())


def _parts(sources: Sequence[Source], pictures: int) -> Iterator[list[Source]]:
    """Cut sources into parts of so many pictures, or fewer where they are large."""
    part, size = list[Source](), 0
    for source in sources:
        if part and (len(part) == pictures or size + source.size > MAX_PART_BYTES):
            yield part
            part, size = [], 0
        part.append(source)
        size += source.size
    if part:
        yield part


@functools.lru_cache(maxsize=1)
def _opened(setting: Setting) -> tuple[Store, Encoder]:
    """Open the gallery and load the encoder, once for all shards that come to this process."""
    encoder = encoders.load(setting.encoder, device=setting.device)
    if encoder.sha256 != setting.sha256:
        raise EncoderError(
            f"The encoder {setting.encoder} has other weights on {platform.node()}; install the "
            "same lookalike on all nodes, and have the same files there."
        )
    store = Store(
        parse_place(setting.gallery), setting.table, setting.dimensions, copies=setting.copies
    )
    return store, encoder
