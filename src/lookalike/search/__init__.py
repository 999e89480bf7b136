"""From a query to its hits, the filters that limit them, and the order to browse a gallery in.

`search` searches for one picture, `search_many` for many, `search_text` for words. `compare`
compares two pictures.
"""

from .browse import BrowseCache, PicturePage
from .compare import Comparison, compare
from .filters import Filter
from .query import Query, QueryInput, Region, as_file_bytes, parse_region, prepare, query_refusal
from .search import SearchOptions, search, search_many, search_text

__all__ = [
    "BrowseCache",
    "Comparison",
    "Filter",
    "PicturePage",
    "Query",
    "QueryInput",
    "Region",
    "SearchOptions",
    "as_file_bytes",
    "compare",
    "parse_region",
    "prepare",
    "query_refusal",
    "search",
    "search_many",
    "search_text",
]
