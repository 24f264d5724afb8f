"""The forms of the relevance lab."""

from __future__ import annotations

from typing import Any

from django import forms

from catalog.judged.measuring import SearchSetting
from catalog.models import IndexVersion, JudgedSet, Measurement
from catalog.search.queries import DEFAULT_RATIO
from catalog.search.reranking import reranker_spec
from dashboard.forms import StyledForm

MOST_FROM_LOG = 200
#: A thousand of the longest queries.
MOST_CHARACTERS = 250_000


class QueriesForm(StyledForm, forms.Form):
    """Queries for a set: typed in, from the query log, or from a file."""

    queries = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One per line.",
    )
    source = forms.ChoiceField(
        choices=[("", "None"), ("top", "Top searches"), ("nothing", "Searches that found nothing close")],
        required=False,
        label="From the search log",
    )
    most = forms.IntegerField(
        min_value=1, max_value=MOST_FROM_LOG, required=False, initial=50, label="At most", help_text="From the log."
    )
    file = forms.FileField(
        required=False, help_text="A CSV or TSV with the columns query, item (an external id) and grade (0 to 3)."
    )

    @property
    def lines(self) -> list[str]:
        return [line for line in self.cleaned_data["queries"].splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["most"] = data.get("most") or 50
        return data


class NewSetForm(QueriesForm):
    """A set and, optionally, its first queries."""

    name = forms.CharField(max_length=100, help_text="For example: common queries, hard queries, Japanese films.")
    field_order = ["name"]


class MoreQueriesForm(QueriesForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not (data.get("queries", "").strip() or data.get("source") or data.get("file")):
            raise forms.ValidationError("Enter a query, choose a log or choose a file.")
        return data


class MeasureForm(StyledForm, forms.Form):
    """What to measure on a set."""

    kind = forms.ChoiceField(
        choices=Measurement.Kind,
        label="Kind",
        help_text="One setting measures what you choose below; a sweep also tries other ratios.",
    )
    version = forms.ModelChoiceField(IndexVersion.objects.none(), label="Index version", empty_label=None)
    other_version = forms.ModelChoiceField(
        IndexVersion.objects.none(), required=False, label="Other version", empty_label="None"
    )
    semantic_ratio = forms.FloatField(
        min_value=0, max_value=1, initial=DEFAULT_RATIO, help_text="0 is only words, 1 only meaning."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = IndexVersion.objects.live()
        fields: dict[str, Any] = self.fields
        fields["version"].queryset = fields["other_version"].queryset = live
        fields["version"].initial = next((version.pk for version in live if version.state == "active"), None)
        without = [] if reranker_spec() else [Measurement.Kind.RERANKING.value]
        without += [] if len(live) > 1 else [Measurement.Kind.VERSIONS.value]
        fields["kind"].choices = [choice for choice in Measurement.Kind.choices if choice[0] not in without]
        if len(live) < 2:
            del fields["other_version"]
        fields["semantic_ratio"].widget.attrs.update(step="0.05", min="0", max="1")

    @property
    def setting(self) -> SearchSetting:
        data = self.cleaned_data
        return SearchSetting(version_id=data["version"].pk, semantic_ratio=data["semantic_ratio"])

    @property
    def other_version_id(self) -> int | None:
        other = self.cleaned_data.get("other_version")
        return other.pk if other else None


class VersionField(forms.ModelChoiceField):
    """A live version; the label says which one serves."""

    default_error_messages = {"invalid_choice": "This version does not exist or is retired."}

    def label_from_instance(self, version: IndexVersion) -> str:
        serving = " (serving)" if version.state == IndexVersion.State.ACTIVE else ""
        return f"v{version.pk}{serving} · {version.model}"


class CompareForm(StyledForm, forms.Form):
    """Which two versions to compare, and on what."""

    one = VersionField(IndexVersion.objects.none(), label="Version", empty_label=None)
    other = VersionField(IndexVersion.objects.none(), label="Compare with", empty_label=None)
    judged_set = forms.ModelChoiceField(JudgedSet.objects.none(), required=False, label="Query set", empty_label="None")
    q = forms.CharField(required=False, max_length=2000, label="Search for")
    semantic_ratio = forms.FloatField(min_value=0, max_value=1, label="Ratio")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["one"].queryset = fields["other"].queryset = IndexVersion.objects.live()
        fields["judged_set"].queryset = JudgedSet.objects.all()
        fields["semantic_ratio"].widget.attrs.update(step="0.05", min="0", max="1")
