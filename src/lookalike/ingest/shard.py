"""What one worker of a cluster does: a shard of the listing in, fragments and outcomes out.

Nothing here is committed, so a shard may be processed twice: the rows that its worker wrote become
part of the gallery only when the driver, which keeps the ledger, appends them.
"""

from __future__ import annotations

import contextlib
import functools
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from .. import encoders
from ..copies import single_threaded
from ..errors import EncoderError
from ..sources import content_hash, read, release
from ..storage import Record, Store, parse_place
from ..types import Source
from .chunk import chunk_pictures, process_chunk
from .claims import Claim, ContentClaims
from .ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from ..encoders import Encoder
    from ..storage import FragmentPair
    from .seen import ContentKeys

READERS = 8  # threads that read ahead, for files that are far away
MAX_GROUP_BYTES = 64 * 2**20  # of files read together; two such groups are in memory at a time

Shard: TypeAlias = "list[tuple[Source, bool]]"  # files, each with whether its path is new
ClaimRequests: TypeAlias = "list[tuple[bytes, str]]"  # contents, each with the file that has it


@dataclass(frozen=True, slots=True)
class ShardConfig:
    """What all shards of an ingest share.

    Attributes:
        gallery: its address, of the same place on all nodes.
        table: name of its table of pictures.
        dimensions: D of the vectors.
        copies: whether to make fingerprints.
        encoder: for `encoders.load`.
        sha256: of the encoder's weights.
        device: to run the encoder on, see `encoders.load`.
    """

    gallery: str
    table: str
    dimensions: int
    copies: bool
    encoder: str
    sha256: str
    device: str

    @classmethod
    def of(cls, store: Store, encoder: Encoder, device: str) -> ShardConfig:
        """Describe a store and its encoder."""
        return cls(
            str(store.folder),
            store.table,
            store.dimensions,
            store.copies,
            encoder.source,
            encoder.sha256,
            device,
        )


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard.

    Attributes:
        outcomes: as of `chunk.process_chunk`; the row of a new path is in a fragment, that of a
            known path, or of a content with rows, comes as a record.
        fragments: written rows, to be appended when the outcomes are added.
        missing: the sources that this node does not see.
        node: its name.
    """

    outcomes: list[Outcome]
    fragments: FragmentPair
    missing: list[Source]
    node: str


class ClaimsActor:
    """The `ContentClaims` of a cluster: all workers ask it, so that no content is encoded twice."""

    def __init__(self, contents: ContentKeys) -> None:
        """Start from the contents in the gallery."""
        self._claims = ContentClaims(contents)

    def claim(self, requests: ClaimRequests) -> list[Claim]:
        """Claim contents for files."""
        return [self._claims.claim(*request) for request in requests]

    def resolve(self, contents: Iterable[bytes], *, delivered: bool) -> None:
        """Note that claimed contents are delivered, or free for other files."""
        for content in contents:
            self._claims.resolve(content, delivered=delivered)

    def claimed_by(self, path: str) -> list[bytes]:
        """List the contents that a file has claimed."""
        return self._claims.claimed_by(path)


class _ReadGroup:
    """A few files that are read together, and claimed in one request."""

    def __init__(self, sources: Sequence[Source], readers: ThreadPoolExecutor) -> None:
        self.sources = sources
        self._reads = {source.path: readers.submit(read, source) for source in sources}
        self._claims: dict[str, Claim] = {}

    def request_claims(self, request: Callable[[ClaimRequests], list[Claim]]) -> None:
        """Wait for the files, and claim their contents."""
        requests = [
            (content_hash(future.result()), path)
            for path, future in self._reads.items()
            if not future.exception()
        ]
        for (_, path), claim in zip(requests, request(requests), strict=True):
            self._claims[path] = claim

    def read(self, source: Source) -> bytes:
        """Return a file's bytes, once; raise what reading it raised."""
        future: Future[bytes] = self._reads.pop(source.path)
        return future.result()

    def claim(self, _: bytes, path: str) -> Claim:
        """Return the answer to a file's claim."""
        return self._claims[path]

    def paths_with_rows(self) -> set[str]:
        """Return the files whose content has rows: these may have to move, or tell its vector."""
        return {path for path, claim in self._claims.items() if claim.has_vector}


def process_shard(
    config: ShardConfig,
    shard: Shard,
    request_claims: Callable[[ClaimRequests], list[Claim]],
) -> ShardResult:
    """Read, decode and encode a shard, and write the rows of its new paths into fragments.

    Args:
        config: of the ingest.
        shard: the files, each with whether no row has its path, nor will have.
        request_claims: `ClaimsActor.claim`, wherever the actor is.

    Raises:
        EncoderError: the encoder can't be loaded here, has other weights here, or fails.
        StorageError: this node can't see the gallery, or can't write into it.
    """
    store, encoder = _open(config)
    outcomes = list[Outcome]()
    sources = [source for source, _ in shard]
    new = {source.path for source, is_new in shard if is_new}
    with contextlib.ExitStack() as stack:
        stack.callback(release)
        stack.enter_context(single_threaded())
        readers = stack.enter_context(ThreadPoolExecutor(READERS))
        groups = (_ReadGroup(g, readers) for g in _groups(sources, chunk_pictures(encoder)))
        following = next(groups, None)
        while following:
            group, following = following, next(groups, None)
            group.request_claims(request_claims)
            outcomes += process_chunk(
                group.sources, encoder, group.claim, copies=config.copies, read=group.read
            )
            new -= group.paths_with_rows()
    records = list[Record]()
    for k, outcome in enumerate(outcomes):
        if outcome.record and outcome.source.path in new:
            records.append(outcome.record)
            outcomes[k] = replace(outcome, record=None, written=True)
    processed = {outcome.source.path for outcome in outcomes}
    missing = [source for source in sources if source.path not in processed]
    return ShardResult(outcomes, store.write_fragments(records), missing, platform.node())


def _groups(sources: Sequence[Source], pictures: int) -> Iterator[list[Source]]:
    """Cut sources into groups of so many pictures, or fewer if they are large."""
    group, size = list[Source](), 0
    for source in sources:
        if group and (len(group) == pictures or size + source.size > MAX_GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(source)
        size += source.size
    if group:
        yield group


@functools.lru_cache(maxsize=1)
def _open(config: ShardConfig) -> tuple[Store, Encoder]:
    """Open the gallery and load the encoder, once for all shards of this process."""
    encoder = encoders.load(config.encoder, device=config.device)
    if encoder.sha256 != config.sha256:
        raise EncoderError(
            f"The encoder {config.encoder} has other weights on {platform.node()}; install the "
            "same lookalike and copy the same encoder file to all nodes."
        )
    store = Store(
        parse_place(config.gallery), config.table, config.dimensions, copies=config.copies
    )
    return store, encoder
