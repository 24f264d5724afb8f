"""Search requests and their results."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

from catalog.errors import InvalidQuery
from catalog.models import Item
from catalog.search.facets import Bucket, FacetValue
from catalog.search.filters import Filter
from catalog.search.highlight import HighlightedPassage, Part
from catalog.search.operators import MAX_OPERATORS, NO_OPERATORS, Operators, read_operators
from catalog.search.rules import Rule
from catalog.search.spelling import Correction
from catalog.search.taste import Taste

MAX_TEXT_CHARACTERS = 2_000
MAX_LIMIT = 100
MAX_OFFSET = 10_000
#: The weight of meaning, unless a search sets it.
DEFAULT_RATIO: float = settings.SEMANTIC_RATIO


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A search. Without text, vector or picture it browses the catalogue."""

    text: str = ""
    limit: int = 20
    offset: int = 0
    filter: str | Filter | None = ""
    facets: tuple[str, ...] = ()
    sort: str = ""
    """`newest`, `title` or a number attribute, preceded by `-` for the largest first. Empty: by score."""
    semantic_ratio: float = DEFAULT_RATIO
    """0 uses words alone, 1 meaning alone."""
    threshold: float | None = None
    """Leaves out hits with a lower score."""
    highlight: bool = True
    explain: bool = False
    rerank: bool = False
    """Has the site's cross-encoder reorder the first hits, if there is time."""
    correct: bool = True
    """Words that no item holds may be treated as misspelt."""
    operators: bool = True
    """Quoted phrases are required and words after a minus excluded; otherwise both are ordinary text."""
    close_first: bool = False
    """Puts the close hits above all others, so that pages of close hits are complete."""
    prefix: bool = False
    """The last word may be unfinished, as while somebody is typing."""
    vector: tuple[float, ...] | None = None
    """Replaces the text's vector, so that nothing is encoded."""
    picture: tuple[float, ...] | None = None
    """The vector of a picture to search by, alone or together with the text."""
    picture_weight: float = 0.5
    """The weight of the picture relative to the text: 0 the text alone, 1 the picture alone."""
    taste: Taste | None = None
    """The requester's taste: items closer to it move up."""
    version_id: int | None = None
    """Search this live index version; None means the active one."""

    @property
    def asks(self) -> bool:
        """Whether there is anything to search for, by words or by meaning."""
        return bool(self.text.strip()) or self.vector is not None or self.picture is not None


def check_query(query: SearchQuery) -> None:
    """Raises InvalidQuery if the search cannot be run."""
    if len(query.text) > MAX_TEXT_CHARACTERS:
        raise InvalidQuery(f"A query may have at most {MAX_TEXT_CHARACTERS:,} characters.", field="q", code="too_long")
    if "\0" in query.text or any("\ud800" <= character <= "\udfff" for character in query.text):
        raise InvalidQuery("The query contains an invalid character.", field="q", code="invalid_text")
    if query.operators and len(read_operators(query.text)) > MAX_OPERATORS:
        reason = f"A query may have at most {MAX_OPERATORS} quoted phrases and words with a minus."
        raise InvalidQuery(reason, field="q", code="too_many_operators")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidQuery(f"The limit must be from 1 to {MAX_LIMIT}.", field="limit", code="out_of_range")
    if not 0 <= query.offset <= MAX_OFFSET:
        raise InvalidQuery(f"The offset must be from 0 to {MAX_OFFSET:,}.", field="offset", code="out_of_range")
    if not 0 <= query.semantic_ratio <= 1:
        raise InvalidQuery("The ratio must be from 0 to 1.", field="semantic_ratio", code="out_of_range")
    if not 0 <= query.picture_weight <= 1:
        raise InvalidQuery("The weight must be from 0 to 1.", field="picture_weight", code="out_of_range")
    if query.threshold is not None and not 0 <= query.threshold <= 1:
        raise InvalidQuery("The threshold must be from 0 to 1.", field="threshold", code="out_of_range")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a hit is where it is. The two contributions, the taste and the boost add up to its score."""

    keyword_score: float
    keyword_contribution: float
    keyword_rank: int | None
    """Its rank by words alone; None if no word matches."""
    terms: dict[str, float]
    """What each matching stem adds to the keyword score."""
    title_overlap: float
    """Jaccard index of the words of query and title; adds to the words' contribution."""
    all_words: bool
    """Whether the item holds all the words of a short query; adds to the words' contribution."""
    neighbours: float
    """The share of the query's neighbouring words it has side by side, 0 to 1; adds to the words' contribution."""
    cosine: float | None
    feedback_cosine: float | None
    """The cosine after moving the query towards its best hits; the contribution of the meaning is computed from it."""
    semantic_contribution: float
    semantic_rank: int | None
    cutoff: float
    """Cosines from here on count as close."""
    taste: float = 0.0
    """What the requester's taste adds to the score, or subtracts from it."""
    boost: float = 0.0
    """What rules add to the score, limited so that the sum stays within 0 to 1."""
    rules: tuple[str, ...] = ()
    """Names of the rules that pinned or boosted it."""
    rerank_score: float | None = None
    place_before_rerank: int | None = None
    """From 1; both are None for a hit that the reranker has not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    item: Item
    score: float
    """Between 0 and 1 and comparable between queries; determines the ranking."""
    rerank_score: float | None = None
    """Between 0 and 1; if present, it determines the ranking together with boosts from rules."""
    keyword_score: float = 0.0
    cosine: float | None = None
    """Of the best passage; None while the item has no vector, or if meaning was not requested."""
    by_picture: bool = False
    """Its picture is closer than its best passage."""
    close: bool = True
    """It holds most of the query's weight in words, its meaning is beyond the encoder's cut-off, or it is pinned."""
    pinned: bool = False
    """A rule fixed its place, which may not follow the order of scores."""
    rules: tuple[Rule, ...] = ()
    """Those that pinned or boosted it."""
    title_parts: tuple[Part, ...] = ()
    passage: HighlightedPassage | None = None
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults:
    hits: tuple[Hit, ...]
    query: SearchQuery
    total: int
    """Hits on all pages."""
    close_total: int
    exhaustive: bool
    """Whether the catalogue holds no other close items. Otherwise there may be more, and the counts, the facets and a
    sort are about the best ones found."""
    semantic_hit_count: int
    """Close hits that hold none of the query's words."""
    facets: dict[str, list[FacetValue]] = field(default_factory=dict)
    """The commonest values of each text facet, counted over the close hits, or over all hits if none is close."""
    facet_stats: dict[str, tuple[float, float]] = field(default_factory=dict)
    histograms: dict[str, list[Bucket]] = field(default_factory=dict)
    ratio: float = 0.0
    """The weight of meaning in the scores: 0 words alone, 1 meaning alone."""
    correction: Correction | None = None
    """What was searched for instead of the text as typed."""
    operators: Operators = NO_OPERATORS
    """What the text demanded besides the words searched for."""
    rules: tuple[Rule, ...] = ()
    """The rules that apply to the query, whatever they did."""
    reranked: bool = False
    rerank_reason: str = ""
    """Why the hits are not reranked although reranking was requested."""
    degraded: bool = False
    degraded_reason: str = ""
    version_id: int | None = None
    processing_ms: float = 0.0

    @property
    def looked_for(self) -> str:
        """The text that words and meaning were compared with."""
        return self.correction.text if self.correction else self.operators.text
