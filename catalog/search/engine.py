"""Search: a query in, a page of scored hits out."""

from __future__ import annotations

import time
from dataclasses import replace

from django.db import DataError

from catalog.errors import InvalidQuery
from catalog.index.serving import Outdated, present_stamp, remembered_version
from catalog.models import IndexVersion
from catalog.search import facets
from catalog.search.browsing import browse
from catalog.search.cutoff import is_exhaustive
from catalog.search.holding import Conditions, conditions_of
from catalog.search.operators import Operators, read_operators
from catalog.search.predicates import predicate
from catalog.search.presenting import present
from catalog.search.queries import SearchQuery, SearchResults, check_query
from catalog.search.ranking import rank
from catalog.search.reading import read_query, version_for
from catalog.search.reranking import check_rerank, rerank
from catalog.search.rule_actions import actions_of
from catalog.search.rules import RuleSet, rules_in_force
from catalog.unicode import composed


def search(query: SearchQuery, *, rules: RuleSet | None = None) -> SearchResults:
    """Run a search. Without the encoder it uses words alone and says so. Raises InvalidQuery.

    `rules` replace those in force.
    """
    started = time.perf_counter()
    query = _composed(query)
    check_query(query)
    check_rerank(query)
    operators = read_operators(query.text) if query.operators else Operators(text=query.text)
    conditions = conditions_of(operators, predicate(query.filter))
    asked = replace(query, text=operators.text) if operators else query
    if asked.asks:
        results = _search_serving_version(asked, conditions, rules)
    else:
        results = browse(asked, conditions.shown, rules)
    took_ms = (time.perf_counter() - started) * 1000
    return replace(results, query=query, operators=operators, processing_ms=took_ms)


def _composed(query: SearchQuery) -> SearchQuery:
    """The query in the Unicode form that item texts have."""
    if query.text.isascii() and query.sort.isascii() and all(map(str.isascii, query.facets)):
        return query
    facets = tuple(map(composed, query.facets))
    return replace(query, text=composed(query.text), sort=composed(query.sort), facets=facets)


def _search_serving_version(query: SearchQuery, conditions: Conditions, rules: RuleSet | None) -> SearchResults:
    """Search the version this process remembers; if it is outdated, search again in the current one."""
    if query.version_id is None and (version := remembered_version()) is not None:
        try:
            return _ranked_search(query, conditions, rules, version)
        except Outdated:
            pass
        except (InvalidQuery, DataError):  # the query may be invalid only for the remembered version
            if present_stamp() == version.serving_stamp:
                raise
    return _ranked_search(query, conditions, rules, version_for(query))


def _ranked_search(
    query: SearchQuery, conditions: Conditions, rules: RuleSet | None, version: IndexVersion | None
) -> SearchResults:
    """Raises Outdated if `version` is a remembered one that has changed since."""
    if rules is None:
        rules = rules_in_force(version.rules_stamp if version else None)
    actions = actions_of(rules.for_query(query.text), wanted=conditions.shown, pinning=not query.sort)
    reading = read_query(query, version, rules, phrases=conditions.phrases)
    ranking = rank(query, reading, wanted=conditions.wanted, excluded=conditions.excluded, actions=actions)
    ranking, rerank_reason = rerank(query, ranking)
    close = ranking.order[ranking.close[ranking.order]]
    counts = facets.count_found(query.facets, ranking.ids(close if len(close) else ranking.order))
    return SearchResults(
        hits=present(query, ranking, ranking.order[query.offset : query.offset + query.limit]),
        query=query,
        total=len(ranking.order),
        close_total=len(close),
        exhaustive=is_exhaustive(ranking.candidates, reading),
        semantic_hit_count=int(ranking.by_meaning_only()[close].sum()),
        facets=counts.values,
        facet_stats=counts.stats,
        histograms=counts.histograms,
        ratio=reading.ratio,
        correction=reading.correction,
        rules=actions.rules,
        reranked=ranking.second_stage is not None,
        rerank_reason=rerank_reason,
        degraded=bool(reading.degraded_reason),
        degraded_reason=reading.degraded_reason,
        version_id=version.pk if version else None,
    )
