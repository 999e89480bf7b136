"""A query to its hits: prepare, find candidates, verify, rank; and what limits a search.

`search` answers one query, `search_many` many, `search_text` words, `compare` two pictures.
"""

from .browse import PictureOrder, PicturePage
from .compare import Comparison, compare
from .filters import Filter
from .query import Query, QueryInput, Region, as_file_bytes, parse_region, prepare, query_refusal
from .search import search, search_many, search_text

__all__ = [
    "Comparison",
    "Filter",
    "PictureOrder",
    "PicturePage",
    "Query",
    "QueryInput",
    "Region",
    "as_file_bytes",
    "compare",
    "parse_region",
    "prepare",
    "query_refusal",
    "search",
    "search_many",
    "search_text",
]
