"""The add line on a Ray cluster: this process lists and keeps the ledger, workers do the rest.

A shard of the listing is a task, see `shard`: its worker reads, decodes and encodes, and writes the
rows into the gallery's place itself; what comes back is small. One actor, the desk, grants each
content to one file, so that nothing is encoded twice. Only this process commits: a shard's rows
become part of the gallery, all of them or none, when its result is taken, once; what a worker wrote
that died before is never looked at, and deleted at the end. A shard whose worker died is halved and
given out again, until it is the one file that workers die of, which is refused.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError, EncoderError, LookalikeError, StorageError
from ..sources import is_gone
from .ingest import PROGRESS_SECONDS, Listing, to_retry
from .ledger import Ledger, Outcome
from .nodes import connected, index_builder
from .seen import Contents, Keys, SeenFiles, content_key, path_key, path_keys
from .shard import Desk, Result, Setting, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..encoders import Encoder
    from ..storage import Store
    from ..types import IndexReport, Progress, Source

CHUNK_PICTURES = 32  # what a shard is put together of
MAX_SHARD_CHUNKS = 16  # a shard is what a killed worker loses, and a fragment
SHARDS_A_CPU = 2  # one being worked on, one waiting
TASKS_A_GPU = 8  # that feed it: decoding is the slower part
MAX_DEATHS = 3  # of workers, by one file alone
MAX_DEATHS_IN_A_ROW = 100  # without a shard that comes through: it is not the files
MAX_FAILURES = 3  # of a shard whose worker lives, such as by a network disk that stutters
INDEX_TOGETHER_ROWS = 1_000_000  # of which half are new: all nodes build the index anew
RESOURCES_SECONDS = 10.0  # between looks at how many workers there are
_POLL_SECONDS = 0.1


def ingest_on_cluster(  # noqa: PLR0913
    listing: Iterator[Source],
    store: Store,
    encoder: Encoder,
    *,
    address: str,
    device: str,
    is_lost: Callable[[str], bool],
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Do what `ingest.ingest` does, on a Ray cluster.

    Args:
        listing: the files; run in a thread of its own.
        store: locked by the caller, and in a place that all nodes see.
        encoder: of the store's vectors; workers load it by its source.
        address: `local` to start Ray on this machine for as long as this runs, `auto` for the
            cluster that this machine is a node of, or HOST:PORT of its head.
        device: for the workers' encoders, see `encoders.load`.
        is_lost: as in `ingest.ingest`.
        on_progress: called in this thread, at most every `PROGRESS_SECONDS`.

    Raises:
        ArgumentError: it is no such address.
        ClusterError: the extra is missing, there is no cluster, or its workers die of anything.
        StorageError: a commit failed; what was committed before stays.
        EncoderError: a worker can't load or run the encoder.
        KeyboardInterrupt: after the shards that were through have been committed.
    """
    started = time.monotonic()
    with connected(address) as ray:
        store.create()
        known = SeenFiles(store)
        desk = _desk(ray, known)
        claims = _Claims(known)
        ledger = Ledger(store, known, claims, is_lost)
        queued = Listing(listing, known, CHUNK_PICTURES)
        setting = Setting(
            str(store.folder),
            store.table,
            store.dimensions,
            store.copies,
            encoder.source,
            encoder.sha256,
            device,
        )
        run = _Run(ray, desk, setting, queued, known)
        reported = started
        queued.thread.start()
        try:
            while not run.is_through:
                run.give_out()
                for result in run.receive():
                    _take(result, ledger)
                claims.pass_on(desk)
                ledger.commit_when_due()
                if run.is_through:
                    ledger.commit()
                    run.give_out_again(ledger.unsettled())
                now = time.monotonic()
                if now - reported > PROGRESS_SECONDS or run.is_through:
                    reported = now
                    on_progress(queued.progress(ledger, now - started))
        except StorageError:
            raise
        except BaseException:  # Ctrl-C above all: keep what is through
            with contextlib.suppress(Exception):  # what went wrong before is told
                for result in run.receive():
                    _take(result, ledger)
            ledger.commit()
            raise
        finally:
            queued.stop.set()
            run.cancel()
        now = time.monotonic()
        on_progress(replace(queued.progress(ledger, now - started), optimizing=True))
        rows = store.pictures.count()
        is_other = rows >= INDEX_TOGETHER_ROWS and 2 * ledger.added >= rows
        store.optimize(build=index_builder(ray, store.pictures) if is_other else None)
        store.drop_uncommitted()  # of workers that died, in this run or an earlier one
    return ledger.report(unchanged=queued.listed - queued.unseen, seconds=now - started)


class _Claims:
    """What the ledger has to know of the desk's claims, and what it tells the desk."""

    def __init__(self, known: SeenFiles) -> None:
        self._known = known
        self._encoded: list[bytes] = []

    def settle(self, content: bytes, *, encoded: bool) -> None:
        """Note it; a content that was refused stays claimed, so that it is tried once a run."""
        if encoded:
            self._known.contents.add(content_key(content))
            self._encoded.append(content)

    def in_flight(self, content: bytes) -> bool:
        """Tell whether a content, which some file has been denied, is still to be settled."""
        return content_key(content) not in self._known.contents

    def pass_on(self, desk: Any) -> None:
        """Tell the desk what is encoded."""
        if self._encoded:
            desk.settle.remote(self._encoded, encoded=True)
            self._encoded = []


class _Run:
    """The shards of one ingest: given out, come back, given out again."""

    def __init__(
        self, ray: Any, desk: Any, setting: Setting, listing: Listing, known: SeenFiles
    ) -> None:
        self._ray, self._desk, self._listing, self._known = ray, desk, listing, known
        self._given = Keys([])  # paths of this run: none may come to have two rows
        self._ready: deque[list[tuple[Source, bool]]] = deque()
        self._pending: dict[Any, list[tuple[Source, bool]]] = {}
        self._all_listed = False
        self._deaths, self._failures = Counter[str](), Counter[str]()
        self._deaths_in_a_row = 0
        self._refused: list[Result] = []
        self._looked = float("-inf")
        self._workers = 1
        gpus = 0 if setting.device == "cpu" else ray.cluster_resources().get("GPU", 0)
        if setting.device == "cuda" and not gpus:
            raise ClusterError("The cluster has no GPU; leave --device cuda out, or add a node.")
        self._share = {"num_cpus": 1, "num_gpus": 1 / TASKS_A_GPU if gpus else 0}
        task = ray.remote(_task).options(max_retries=0, **self._share)
        setting_there = ray.put(setting)

        def start(shard: list[tuple[Source, bool]]) -> Any:
            return task.remote(setting_there, desk, shard)

        self._start = start

    @property
    def is_through(self) -> bool:
        """Tell whether nothing is left to be done."""
        return self._all_listed and not (self._ready or self._pending or self._refused)

    def give_out(self) -> None:
        """Give shards to the cluster, until every worker has one waiting."""
        now = time.monotonic()
        if now - self._looked > RESOURCES_SECONDS:  # nodes come and go
            self._looked = now
            there = self._ray.cluster_resources()
            by_gpu = there.get("GPU", 0) * TASKS_A_GPU if self._share["num_gpus"] else float("inf")
            self._workers = max(int(min(there.get("CPU", 1), by_gpu)), 1)
        while len(self._pending) < SHARDS_A_CPU * self._workers:
            shard = self._ready.popleft() if self._ready else self._next()
            if not shard:
                return
            self._pending[self._start(shard)] = shard

    def receive(self) -> list[Result]:
        """Wait a moment for shards that are through; see to those whose worker died.

        Raises:
            ClusterError: workers die, whatever they are given.
            LookalikeError: what a worker raised.
        """
        if self._listing.error:
            raise self._listing.error
        results, self._refused = self._refused, []
        if not self._pending:
            time.sleep(0 if results or self.is_through else _POLL_SECONDS)
            return results
        refs = list(self._pending)
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=_POLL_SECONDS)
        for ref in ready:
            try:
                result = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                self._failed(self._pending.pop(ref), error.cause)
            except self._ray.exceptions.RayError:
                self._died(self._pending.pop(ref))
            else:
                del self._pending[ref]
                self._deaths_in_a_row = 0
                results.append(result)
        return results

    def give_out_again(self, waiting: list[tuple[Source, bytes]]) -> None:
        """Put files back whose content another one was to be encoded from, which came to naught."""
        if waiting:
            contents = {content for _, content in waiting}
            self._ray.get(self._desk.settle.remote(contents, encoded=False))
            sources = [source for source, _ in waiting]
            known = self._known.paths
            self._ready.append([(s, path_key(s.path) not in known) for s in sources])

    def cancel(self) -> None:
        """Stop what is being worked on."""
        for ref in self._pending:
            with contextlib.suppress(Exception):  # the cluster may be gone
                self._ray.cancel(ref, force=True)

    def _next(self) -> list[tuple[Source, bool]]:
        """Put a shard together: its share of what is listed, so that the last ones are small."""
        shard: list[tuple[Source, bool]] = []
        chunks = self._listing.chunks.qsize() // (SHARDS_A_CPU * self._workers)
        for _ in range(min(max(chunks, 1), MAX_SHARD_CHUNKS)):
            try:
                chunk = self._listing.chunks.get_nowait()
            except queue.Empty:
                break
            if chunk is None:
                self._all_listed = True
                break
            keys = path_keys([source.path for source in chunk]).tolist()
            for source, key in zip(chunk, keys, strict=True):
                if key not in self._given:  # changed while it was listed twice: the next run's
                    self._given.add(key)
                    shard.append((source, key not in self._known.paths))
        return shard

    def _died(self, shard: list[tuple[Source, bool]]) -> None:
        """Halve a shard whose worker died, or refuse the one file that workers die of."""
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > MAX_DEATHS_IN_A_ROW:
            raise ClusterError(
                f"The last {MAX_DEATHS_IN_A_ROW} workers died, whatever they were given; see Ray's "
                "logs (/tmp/ray/session_latest/logs) for why, then run this again to go on."
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
        contents = self._ray.get(self._desk.of.remote(source.path)) or [None]
        reason = f"{MAX_DEATHS} workers died of it"
        outcomes = [Outcome(source, content, reason=reason) for content in contents[:1]]
        self._refused.append(Result(outcomes, ([], []), [], ""))

    def _failed(self, shard: list[tuple[Source, bool]], cause: Any) -> None:
        """Try a shard again whose worker raised an error, unless it is the encoder's."""
        path = shard[0][0].path
        self._failures[path] += 1
        if isinstance(cause, EncoderError) or self._failures[path] == MAX_FAILURES:
            raise (
                cause
                if isinstance(cause, LookalikeError)
                else ClusterError(
                    f"A worker failed ({type(cause).__name__}: {cause}); see Ray's logs "
                    "(/tmp/ray/session_latest/logs), then run this again to go on."
                )
            )
        self._ready.append(shard)


def _task(setting: Setting, desk: Any, shard: list[tuple[Source, bool]]) -> Result:
    """Do a shard, in a worker of the cluster."""
    import ray

    return work(setting, shard, lambda asked: ray.get(desk.claim.remote(asked)))


def _take(result: Result, ledger: Ledger) -> None:
    """Enter a shard into the ledger; a file is gone only if it is from here, too."""
    ledger.take(result.outcomes, result.fragments)
    here = [source for source in result.missing if not is_gone(source.path, private=source.private)]
    reason = f"can't be read: not there on node {result.node}, so share its folder with all nodes"
    ledger.take(Outcome(to_retry(source), reason=reason) for source in here)


def _desk(ray: Any, known: SeenFiles) -> Any:
    """Start the desk beside this process."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    actor = ray.remote(Desk).options(num_cpus=0, scheduling_strategy=strategy)
    return actor.remote(Contents(known.contents, known.fingerprinted))
