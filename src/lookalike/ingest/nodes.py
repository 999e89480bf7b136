"""Join or start a Ray cluster, and build an index on all of its nodes."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, ClusterError
from ..storage import open_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..storage import Table

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # or raylets print messages about dead workers
}
PARTITION_ROWS = 4_096  # of an index, as in Lance
LOCAL_OBJECTS_BYTES = 256 * 2**20  # Ray's shared memory on this machine


@contextlib.contextmanager
def connect(address: str) -> Iterator[Any]:
    """Join or start a Ray cluster, and leave it as it was; yields the module `ray`.

    Ray sends no statistics, prints nothing and opens no dashboard.

    Raises:
        ArgumentError: it is not an address.
        ClusterError: the extra is missing, or there is no cluster.
    """
    if address not in {"local", "auto"} and not _is_host_and_port(address):
        raise ArgumentError(
            f"{address!r} is not the address of a Ray cluster; enter local, auto or HOST:PORT, "
            "and run this on one of its nodes."
        )
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise ClusterError(
            "Indexing on a cluster needs ray; install it with: pip install 'lookalike[cluster]'"
        ) from error
    if ray.is_initialized():  # by a program that calls this from Python
        yield ray
        return
    options: dict[str, Any] = (
        {"object_store_memory": LOCAL_OBJECTS_BYTES, "include_dashboard": False}
        if address == "local"
        else {}
    )
    try:
        with warnings.catch_warnings():
            logging.getLogger("ray").setLevel(logging.ERROR)
            warnings.simplefilter("ignore")  # Lance warns of a fork, which Ray follows with an exec
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterError(
            f"There is no Ray cluster at {address} ({' '.join(str(error).split())[:200]}); start "
            "one with `ray start --head`, or use --ray local."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def index_builder(ray: Any, table: Table) -> Callable[..., Any] | None:
    """Return a function that builds a table's vector index on all nodes; None without lance-ray.

    It takes column, kind and name, and the options of Lance's `create_index`.
    """
    try:
        from lance_ray import create_index
    except ImportError:
        return None

    def build(column: str, kind: str, name: str, **options: Any) -> None:
        create_index(
            str(table.uri),
            column,
            kind,
            name,
            num_workers=max(int(ray.cluster_resources().get("CPU", 1)), 1),
            num_partitions=max(table.count() // PARTITION_ROWS, 1),
            storage_options=open_place(table.uri).storage_options(),
            **options,
        )

    return build


def _is_host_and_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and "/" not in host and port.isdigit()
