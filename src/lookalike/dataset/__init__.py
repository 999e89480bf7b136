"""Brings a public data set onto this machine: downloaded, checked, unpacked, renamed into place.

`fetch` does all of it; `DATA_SETS` lists what there is.
"""

from .fetch import DATA_SETS, DataSet, fetch

__all__ = [
    "DATA_SETS",
    "DataSet",
    "fetch",
]
