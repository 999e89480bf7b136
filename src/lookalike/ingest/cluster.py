"""The workers of an ingest on a Ray cluster; this process, the driver, lists and commits.

A shard of the listing is a task, see `shard`: its worker reads, decodes and encodes, and writes the
rows into the gallery's place itself; what it returns is small. One actor grants each content to one
file, so that nothing is encoded twice. Only the driver commits: the rows of a shard become part of
the gallery, all of them or none, when its result is added, once. Nobody reads what a worker wrote
that died before; it is deleted at the end. A shard whose worker died is halved and submitted again,
down to the one file that kills workers, which is refused.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError, EncoderError, LookalikeError
from ..sources import is_gone
from .chunk import to_retry
from .ledger import Outcome
from .listing import Listing
from .nodes import index_builder
from .seen import ContentKeys, KeySet, SeenFiles, content_key, path_key, path_keys
from .shard import ClaimRequests, ClaimsActor, Shard, ShardConfig, ShardResult, process_shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..storage import Store
    from ..types import Source
    from .claims import Claim
    from .ledger import Batch

CHUNK_PICTURES = 32  # shards are made of chunks of this size
MAX_SHARD_CHUNKS = 16  # a killed worker loses a shard, and a shard is a fragment
SHARDS_PER_CPU = 2  # one in work, one waiting
TASKS_PER_GPU = 8  # decoding for it takes longer than encoding on it
MAX_DEATHS = 3  # of workers, by one file alone
MAX_DEATHS_IN_A_ROW = 100  # without a shard that is done: the files are not the reason
MAX_FAILURES = 3  # of a shard whose worker lives, for example on a network disk that stutters
INDEX_TOGETHER_ROWS = 1_000_000  # if half of them are new, all nodes rebuild the index
RESOURCES_SECONDS = 10.0  # between two counts of the cluster's CPUs and GPUs
_POLL_SECONDS = 0.1
_SEE_LOGS = "see Ray's logs (/tmp/ray/session_latest/logs)"


class ClusterWorkers:
    """The shards of one ingest, with the methods of `threads.ThreadWorkers`."""

    def __init__(
        self, ray: Any, files: Iterator[Source], seen: SeenFiles, store: Store, config: ShardConfig
    ) -> None:
        """Prepare the tasks.

        Args:
            ray: the module, connected to a cluster.
            files: as in `ingest.ingest`.
            seen: the files in the store.
            store: in a place that all nodes see.
            config: for the workers.

        Raises:
            ClusterError: the cluster has no GPU, and the encoders are to run on one.
        """
        self.listing = Listing(files, seen, CHUNK_PICTURES)
        self.claims = _DriverClaims(seen.contents)
        self._ray, self._seen, self._store = ray, seen, store
        self._actor = _start_actor(ray, ContentKeys.of(seen))
        self._submitted = KeySet([])  # paths of this run: each gets one row
        self._ready: deque[Shard] = deque()
        self._pending: dict[Any, Shard] = {}
        self._all_listed = False
        self._deaths, self._failures = Counter[str](), Counter[str]()
        self._deaths_in_a_row = 0
        self._refused: list[Batch] = []
        self._counted_at = float("-inf")
        self._workers = 1
        gpus = 0 if config.device == "cpu" else ray.cluster_resources().get("GPU", 0)
        if config.device == "cuda" and not gpus:
            raise ClusterError("The cluster has no GPU; drop --device cuda, or add a node.")
        self._task_resources = {"num_cpus": 1, "num_gpus": 1 / TASKS_PER_GPU if gpus else 0}
        self._task = ray.remote(_task).options(max_retries=0, **self._task_resources)
        self._config = ray.put(config)

    def start(self) -> None:
        """Start the listing; `receive` submits the shards."""
        self.listing.start()

    @property
    def finished(self) -> bool:
        """Whether all files are done and nothing is to be retried."""
        return self._all_listed and not (self._ready or self._pending or self._refused)

    def receive(self) -> list[Batch]:
        """Submit what is ready, and wait briefly for shards that are done.

        Raises:
            ClusterError: workers die, whatever they process.
            LookalikeError: raised by a worker.
        """
        if delivered := self.claims.take_delivered():
            self._actor.resolve.remote(delivered, delivered=True)
        self._submit()
        return self._collect()

    def retry(self, files: list[tuple[Source, bytes]]) -> None:
        """Process files again, whose content another file claimed and never delivered."""
        if files:
            contents = {content for _, content in files}
            self._ray.get(self._actor.resolve.remote(contents, delivered=False))
            paths = self._seen.paths
            self._ready.append([(s, path_key(s.path) not in paths) for s, _ in files])

    def stop(self) -> list[Batch]:
        """Cancel the tasks; return the shards that are done."""
        self.listing.stop()
        batches: list[Batch] = []
        with contextlib.suppress(Exception):  # the error before this one is reported
            batches = self._collect()
        for ref in self._pending:
            with contextlib.suppress(Exception):  # the cluster may be gone
                self._ray.cancel(ref, force=True)
        self._pending = {}
        return batches

    def update_index(self, added: int) -> None:
        """Update the indexes of the store, on all nodes if most rows of a large one are new."""
        rows = self._store.pictures.count()
        together = rows >= INDEX_TOGETHER_ROWS and 2 * added >= rows
        build = index_builder(self._ray, self._store.pictures) if together else None
        self._store.optimize(build=build)
        # Also the fragments of workers that died, in this run or an earlier one.
        self._store.drop_old_versions(uncommitted=True)

    def _submit(self) -> None:
        """Submit shards to the cluster, until every worker has one waiting."""
        now = time.monotonic()
        if now - self._counted_at > RESOURCES_SECONDS:  # nodes come and go
            self._counted_at = now
            resources = self._ray.cluster_resources()
            for_gpus = float("inf")
            if self._task_resources["num_gpus"]:
                for_gpus = resources.get("GPU", 0) * TASKS_PER_GPU
            self._workers = max(int(min(resources.get("CPU", 1), for_gpus)), 1)
        while len(self._pending) < SHARDS_PER_CPU * self._workers:
            shard = self._ready.popleft() if self._ready else self._next_shard()
            if not shard:
                return
            self._pending[self._task.remote(self._config, self._actor, shard)] = shard

    def _next_shard(self) -> Shard:
        """Make a shard: its share of the listed files, so that the last shards are small."""
        shard: Shard = []
        chunks = self.listing.chunks.qsize() // (SHARDS_PER_CPU * self._workers)
        for _ in range(min(max(chunks, 1), MAX_SHARD_CHUNKS)):
            try:
                chunk = self.listing.chunks.get_nowait()
            except queue.Empty:
                break
            if chunk is None:
                self._all_listed = True
                break
            keys = path_keys([source.path for source in chunk]).tolist()
            for source, key in zip(chunk, keys, strict=True):
                if key not in self._submitted:  # else it changed between two listings: next run
                    self._submitted.add(key)
                    shard.append((source, key not in self._seen.paths))
        return shard

    def _collect(self) -> list[Batch]:
        """Wait briefly for shards that are done; handle those whose worker died or failed."""
        batches, self._refused = self._refused, []
        if not self._pending:
            time.sleep(0 if batches or self.finished else _POLL_SECONDS)
            return batches
        refs = list(self._pending)
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=_POLL_SECONDS)
        for ref in ready:
            try:
                result = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                self._handle_failure(self._pending.pop(ref), error.cause)
            except self._ray.exceptions.RayError:
                self._handle_death(self._pending.pop(ref))
            else:
                del self._pending[ref]
                self._deaths_in_a_row = 0
                batches.append(_batch(result))
        return batches

    def _handle_death(self, shard: Shard) -> None:
        """Halve a shard whose worker died, or refuse the one file that kills workers."""
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > MAX_DEATHS_IN_A_ROW:
            raise ClusterError(
                f"The last {MAX_DEATHS_IN_A_ROW} workers died, whatever they processed; "
                f"{_SEE_LOGS} for the reason, then run this again to continue."
            )
        if len(shard) > 1:
            middle = len(shard) // 2
            self._ready += [shard[:middle], shard[middle:]]
            return
        ((source, _),) = shard
        self._deaths[source.path] += 1
        if self._deaths[source.path] < MAX_DEATHS:
            self._ready.append(shard)
            return
        contents = self._ray.get(self._actor.claimed_by.remote(source.path)) or [None]
        reason = f"{MAX_DEATHS} workers died of it"
        self._refused.append(([Outcome(source, contents[0], reason=reason)], None))

    def _handle_failure(self, shard: Shard, cause: Any) -> None:
        """Retry a shard whose worker raised an error, unless it is the encoder's."""
        path = shard[0][0].path
        self._failures[path] += 1
        if not isinstance(cause, EncoderError) and self._failures[path] < MAX_FAILURES:
            self._ready.append(shard)
            return
        if isinstance(cause, LookalikeError):
            raise cause
        raise ClusterError(
            f"A worker failed ({type(cause).__name__}: {cause}); {_SEE_LOGS}, then run this again "
            "to continue."
        )


class _DriverClaims:
    """The claims as the driver's ledger sees them; implements `claims.PendingClaims`."""

    def __init__(self, contents: KeySet) -> None:
        self._contents = contents
        self._delivered: list[bytes] = []

    def resolve(self, content: bytes, *, delivered: bool) -> None:
        """Note it; a refused content stays claimed, so that it is tried once per run."""
        if delivered:
            self._contents.add(content_key(content))
            self._delivered.append(content)

    def is_pending(self, content: bytes) -> bool:
        """Check whether a content, which the actor denied to some file, is not delivered yet."""
        return content_key(content) not in self._contents

    def take_delivered(self) -> list[bytes]:
        """Return the contents that were delivered since the last call, for the actor."""
        delivered, self._delivered = self._delivered, []
        return delivered


def _task(config: ShardConfig, actor: Any, shard: Shard) -> ShardResult:
    """Process a shard, in a worker of the cluster."""
    import ray

    def request_claims(requests: ClaimRequests) -> list[Claim]:
        claims: list[Claim] = ray.get(actor.claim.remote(requests))
        return claims

    return process_shard(config, shard, request_claims)


def _batch(result: ShardResult) -> Batch:
    """Add outcomes for files that the worker's node does not see, but this machine does."""
    visible = [s for s in result.missing if not is_gone(s.path, private=s.private)]
    reason = f"can't be read: node {result.node} does not see it; share its folder with all nodes"
    outcomes = [Outcome(to_retry(source), reason=reason) for source in visible]
    return [*result.outcomes, *outcomes], result.fragments


def _start_actor(ray: Any, contents: ContentKeys) -> Any:
    """Start the actor that grants claims on this machine."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    actor = ray.remote(ClaimsActor).options(num_cpus=0, scheduling_strategy=strategy)
    return actor.remote(contents)
