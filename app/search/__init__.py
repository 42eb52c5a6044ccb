"""Search: one row of tokens per record, so that a part of a name, its pinyin or a number is an index look-up."""

from app.search.lookup import found_by, keys_found_by, ranked, ranking, run_count, search_order
from app.search.upkeep import fill_up, keep_search_text, reindex

__all__ = [
    "fill_up",
    "found_by",
    "keep_search_text",
    "keys_found_by",
    "ranked",
    "ranking",
    "reindex",
    "run_count",
    "search_order",
]
