"""The web page and the REST API of a gallery: a server process and its child processes.

`serve` runs them with `Settings`; `allowed_hosts` normalizes the host names of users.
"""

from .access import allowed_hosts
from .serve import serve
from .state import Settings

__all__ = [
    "Settings",
    "allowed_hosts",
    "serve",
]
