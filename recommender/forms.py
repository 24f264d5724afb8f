"""The forms that visitors submit."""

from __future__ import annotations

from typing import Any

from django import forms

from recommender.reactions import KINDS
from recommender.templatetags.personal import LOOKS


class ReactionForm(forms.Form):
    """A pressed switch: the button's name gives the direction, its value the switch."""

    item = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    on = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], required=False)
    off = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], required=False)
    look = forms.ChoiceField(choices=[(look, look) for look in LOOKS])
    place = forms.SlugField(max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned["on"]) == bool(cleaned["off"]):
            raise forms.ValidationError("Send exactly one of on and off.")
        return cleaned
