"""The page and the REST service over a gallery: one process that serves, and its children.

`serve` runs it with `Settings`.
"""

from .access import allowed_hosts
from .serve import serve
from .state import Settings

__all__ = [
    "Settings",
    "allowed_hosts",
    "serve",
]
