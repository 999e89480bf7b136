"""Downloads public data sets: checked, unpacked, and renamed into place when complete.

`fetch` does all of it; `DATA_SETS` lists the data sets.
"""

from .fetch import DATA_SETS, DataSet, fetch

__all__ = [
    "DATA_SETS",
    "DataSet",
    "fetch",
]
