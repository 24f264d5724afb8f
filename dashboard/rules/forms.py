"""The forms for rules and synonyms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.models import construct_instance
from django.http import QueryDict

from catalog.models import Item, SearchRule, Synonym
from catalog.models.rules import phrases
from catalog.rules import MAX_AMOUNT, MAX_POSITION, RULE_FIELDS, RuleRefused, check_rule, check_synonym
from dashboard.forms import StyledForm

MOMENT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item that a rule names, with its title if it has one."""

    external_id: str
    title: str
    position: str = ""


class RowsWidget(forms.Widget):
    """Inputs repeated for each row; an empty row is ignored."""

    def __init__(self, *columns: str) -> None:
        super().__init__()
        self.columns = columns

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """No rows is a value too."""
        return False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        columns = [data.getlist(f"{name}_{column}") for column in self.columns]
        # PostgreSQL accepts no NUL, and no item id contains one.
        rows = [[cell.replace("\0", "\ufffd").strip() for cell in row] for row in zip_longest(*columns, fillvalue="")]
        return [dict(zip(self.columns, row, strict=True)) for row in rows if any(row)]


class RowsField(forms.Field):
    """Rows as dictionaries; `read` converts a row's texts to the stored form, or raises ValidationError."""

    def __init__(self, *columns: str, read: Callable[[dict[str, str]], Any], **options: Any) -> None:
        super().__init__(widget=RowsWidget(*columns), required=False, **options)
        self.read = read

    def clean(self, value: list[dict[str, str]]) -> list[Any]:
        return [self.read(row) for row in value]


def _read_pin(row: dict[str, str]) -> dict[str, Any]:
    try:
        return {"item": row["item"], "position": int(row["position"])}
    except ValueError as error:
        raise forms.ValidationError(f"A position must be a number from 1 to {MAX_POSITION:,}.") from error


def _read_boost(row: dict[str, str]) -> dict[str, Any]:
    try:
        return {"filter": row["filter"], "amount": float(row["amount"])}
    except ValueError as error:
        raise forms.ValidationError(f"A boost must be a number between -{MAX_AMOUNT} and {MAX_AMOUNT}.") from error


class RuleForm(StyledForm, forms.ModelForm):
    pins = RowsField("item", "position", read=_read_pin, label="Pinned")
    hidden_items = RowsField("item", read=lambda row: row["item"], label="Hidden items")
    hide_filter = forms.CharField(
        required=False,
        label="Hide items matching",
        help_text="For example: category = Western AND year < 1950",
    )
    boosts = RowsField("filter", "amount", read=_read_boost, label="Boosts")

    class Meta:
        model = SearchRule
        fields = RULE_FIELDS
        labels = {"condition": "When", "starts_at": "From", "ends_at": "Until"}
        help_texts = {
            "queries": "Separate several with commas. Case and accents are ignored.",
            "starts_at": f"Empty: starts at once. Time zone: {settings.TIME_ZONE}.",
            "ends_at": "Empty: never ends.",
        }
        widgets = {
            name: forms.DateTimeInput(attrs={"type": "datetime-local", "class": "input"}, format=MOMENT)
            for name in ("starts_at", "ends_at")
        }

    def _post_clean(self) -> None:
        """Check the rule here as in every other way of saving it."""
        unreadable = set(self.errors)
        self.instance = construct_instance(self, self.instance, self._meta.fields)
        try:
            check_rule(self.instance)
        except RuleRefused as error:
            for field, reason in error.faults.items():
                name = field.partition(".")[0]
                if name not in unreadable:
                    self.add_error(name or None, reason)

    def forgive_what_is_missing(self) -> None:
        """Drop faults about a missing name, queries or action: a rule that is only previewed needs none of them yet."""
        for name in ("name", "queries", NON_FIELD_ERRORS):
            if not self.data.get(name):
                self.errors.pop(name, None)

    def pin_rows(self) -> list[ItemRow]:
        rows = [(row["item"], str(row["position"])) for row in self["pins"].value() or ()]
        return _item_rows(rows)

    def hidden_rows(self) -> list[ItemRow]:
        rows = self["hidden_items"].value() or ()
        return _item_rows([(row["item"] if isinstance(row, dict) else row, "") for row in rows])


def _item_rows(rows: Sequence[tuple[str, str]]) -> list[ItemRow]:
    titles = Item.objects.titles_by_external_id(external_id for external_id, _ in rows)
    return [
        ItemRow(external_id=external_id, title=titles.get(external_id, ""), position=position)
        for external_id, position in rows
    ]


def with_edits(sent: QueryDict) -> QueryDict:
    """The submitted data, changed by the button pressed: pin, unpin, hide or unhide an item, or remove a boost."""
    data = sent.copy()
    pins = dict(zip(data.getlist("pins_item"), data.getlist("pins_position"), strict=False))
    hidden = data.getlist("hidden_items_item")
    for item, position in pins.items():
        pins[item] = position or (_free_position(list(pins.values())) if item else "")
    if item := sent.get("pin", ""):
        pins[item] = _free_position([place for other, place in pins.items() if other != item])
        hidden = [other for other in hidden if other != item]
    if item := sent.get("hide", ""):
        hidden.append(item)
        pins.pop(item, None)
    if item := sent.get("unpin", ""):
        pins.pop(item, None)
    hidden = [other for other in hidden if other != sent.get("unhide")]
    data.setlist("pins_item", list(pins))
    data.setlist("pins_position", list(pins.values()))
    data.setlist("hidden_items_item", list(dict.fromkeys(hidden)))
    if (place := sent.get("unboost", "")).isdecimal():
        for name in ("boosts_filter", "boosts_amount"):
            data.setlist(name, [value for at, value in enumerate(data.getlist(name)) if at != int(place)])
    return data


def _free_position(taken: Sequence[str]) -> str:
    return next(str(position) for position in range(1, len(taken) + 2) if str(position) not in taken)


class SynonymForm(StyledForm, forms.Form):
    words = forms.CharField(
        max_length=2_000, label="Words", help_text="Words or phrases, separated by commas: tv, television."
    )
    alternatives = forms.CharField(
        max_length=2_000,
        required=False,
        label="Also find",
        help_text="Empty: the words stand for each other. Otherwise a search for one of them finds these too.",
    )

    def __init__(self, *args: Any, synonym: Synonym, **kwargs: Any) -> None:
        self.synonym = synonym
        initial = {"words": ", ".join(synonym.words), "alternatives": ", ".join(synonym.alternatives)}
        super().__init__(*args, initial=initial, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.synonym.words = phrases(data.get("words", ""))
        self.synonym.alternatives = phrases(data.get("alternatives", ""))
        try:
            check_synonym(self.synonym)
        except RuleRefused as error:
            for field, reason in error.faults.items():
                if field not in self.errors:
                    self.add_error(field, reason)
        return data
