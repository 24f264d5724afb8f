"""The catalogue without a query: all items, or those that meet a filter."""

from __future__ import annotations

from catalog.models import Item
from catalog.ranking.pins import Window
from catalog.search import facets, sorting
from catalog.search.predicates import Predicate, all_of
from catalog.search.queries import Hit, SearchQuery, SearchResults
from catalog.search.rule_actions import actions_of
from catalog.search.rules import RuleSet, rules_in_force


def browse(query: SearchQuery, wanted: Predicate | None, rules: RuleSet | None) -> SearchResults:
    """A page of items in the requested order; by default newest first, with pinned items in their places."""
    order = sorting.order_by(query.sort)
    rules = rules_in_force() if rules is None else rules
    actions = actions_of(rules.for_query(query.text), wanted=wanted, pinning=not query.sort)
    shown = all_of(wanted, actions.shown)
    pinned = actions.pinned_positions
    # Where pins fall at the end of the list is known only once the other items are counted, so a few more are read.
    first = max(0, query.offset - len(pinned))
    others, total = sorting.browse(
        shown, order, limit=query.offset + query.limit - first, offset=first, leaving_out=list(pinned)
    )
    window = Window.of(pinned, total=total, offset=query.offset, limit=query.limit)
    page = window.fill(others[window.others_offset - first :])
    counts = facets.count_matching(query.facets, shown)
    return SearchResults(
        hits=tuple(
            Hit(item=item, score=0.0, pinned=item.pk in pinned, rules=actions.rules_of(item.pk))
            for item in Item.objects.in_order(page)
        ),
        query=query,
        total=total,
        close_total=total,
        exhaustive=True,
        semantic_hit_count=0,
        facets=counts.values,
        facet_stats=counts.stats,
        histograms=counts.histograms,
        rules=actions.rules,
    )
