"""Search: the query (queries), the candidate set (candidates), the ranking (engine) and how hits are shown."""

from catalog.search.engine import search
from catalog.search.queries import Explanation, Hit, SearchQuery, SearchResults

__all__ = ["Explanation", "Hit", "SearchQuery", "SearchResults", "search"]
