"""Search: what is asked (queries), what may be found (candidates), in which order (engine) and how it is shown."""

from catalog.search.engine import search
from catalog.search.queries import Explanation, Hit, SearchQuery, SearchResults

__all__ = ["Explanation", "Hit", "SearchQuery", "SearchResults", "search"]
