"""How the staff pages display noted details."""

from __future__ import annotations

from dashboard.templatetags.humanize_index import detail


def test_what_an_action_noted_is_put_in_words():
    assert detail({"preview": True, "muted": False, "scope": "write", "items": 3, "key": ""}) == (
        "preview, scope: write, items: 3"
    )
    assert detail({"judged_set": 4}) == "judged set: 4"
    assert detail({"items": 0}) == "items: 0"
    assert detail({}) == ""
