"""The forms that staff fill in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from catalog.importing import MappingError, mapping_from_json
from catalog.index.version_settings import (
    MAX_DIMENSIONS,
    MAX_WINDOW_TOKENS,
    MIN_WINDOW_TOKENS,
    SettingsRefused,
    backend_choices,
    check_encoder,
    check_overlap,
    check_template,
)
from catalog.models import ApiKey, ImportRun, IndexVersion


class StyledForm(forms.BaseForm):
    """Gives each control its CSS class by kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            match field.widget:
                case forms.Select():
                    field.widget.attrs["class"] = "select"
                case forms.TextInput() | forms.NumberInput() | forms.FileInput() | forms.Textarea():
                    field.widget.attrs["class"] = "input"


class EncoderForm(StyledForm, forms.Form):
    """An encoder: to compare with the serving one, or to build an index with."""

    backend = forms.ChoiceField(choices=backend_choices(), required=False, label="Kind of encoder")
    model = forms.CharField(
        max_length=300,
        label="Encoder",
        help_text="A sentence-transformers, CLIP or SigLIP model, by name or path; the path of static word vectors; "
        "or a model of the embeddings endpoint.",
    )
    revision = forms.CharField(max_length=100, required=False, help_text="Pins a model to one commit.")
    query_prompt = forms.CharField(
        max_length=200, required=False, strip=False, help_text="Put before each query, as E5 models need."
    )
    document_prompt = forms.CharField(max_length=200, required=False, strip=False, help_text="Put before each passage.")
    dimensions = forms.IntegerField(
        min_value=1,
        max_value=MAX_DIMENSIONS,
        required=False,
        help_text="Empty keeps all. Fewer are for Matryoshka models, which put the most important ones first.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "backend" in data:
            data["backend"] = data["backend"] or settings.ENCODER_BACKEND
        try:
            if "model" in data and "backend" in data:
                check_encoder(backend=data["backend"], model=data["model"])
        except SettingsRefused as error:
            self.add_error(error.field, str(error))
        return data


class ReindexForm(EncoderForm):
    """The settings of a new index version, starting from those of the active one."""

    window_tokens = forms.IntegerField(
        min_value=MIN_WINDOW_TOKENS,
        max_value=MAX_WINDOW_TOKENS,
        label="Passage window",
        help_text="Tokens in one passage.",
    )
    overlap_tokens = forms.IntegerField(
        min_value=0,
        max_value=MAX_WINDOW_TOKENS // 2,
        label="Overlap",
        help_text="Tokens that neighbouring passages share.",
    )
    storage = forms.ChoiceField(
        choices=IndexVersion.Storage,
        required=False,
        label="Storage in the graph",
        help_text="Binary takes a fraction of the memory and finds slightly less.",
    )
    document_template = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        help_text="How an item becomes text. Available: title, body, category, language and attributes.",
    )
    activate_when_ready = forms.BooleanField(required=False, label="Switch to it when it is ready")

    @staticmethod
    def initial_from(version: IndexVersion | None) -> dict[str, Any]:
        """The active version's settings, to start from."""
        version = version or IndexVersion(
            backend=settings.ENCODER_BACKEND, model=settings.ENCODER_MODEL, window_tokens=256
        )
        names = ReindexForm.base_fields.keys() - {"activate_when_ready", "dimensions"}
        return {name: getattr(version, name) for name in names} | {"activate_when_ready": True}

    def clean_document_template(self) -> str:
        """With line breaks as they were shown: a browser sends each as CR LF, which would be another template."""
        template: str = self.cleaned_data["document_template"]
        return template.replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["storage"] = data.get("storage") or IndexVersion.Storage.HALF
        try:
            if "document_template" in data:
                check_template(data["document_template"])
            if "overlap_tokens" in data:
                check_overlap(window_tokens=data.get("window_tokens"), overlap_tokens=data["overlap_tokens"])
        except SettingsRefused as error:
            self.add_error(error.field, str(error))
        return data


class ImportForm(StyledForm, forms.Form):
    """A file to load."""

    file = forms.FileField(label="File", help_text="CSV, JSON or NDJSON, in UTF-8.")
    kind = forms.ChoiceField(
        choices=ImportRun.Kind, initial=ImportRun.Kind.ITEMS, widget=forms.RadioSelect, label="Contents"
    )
    mapping = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": '{"fields": {"title": "name"}}'}),
        help_text="Optional JSON that maps columns to fields. Columns named like a field need none.",
    )

    def clean_mapping(self) -> dict[str, Any]:
        try:
            return mapping_from_json(self.cleaned_data["mapping"])
        except MappingError as error:
            raise forms.ValidationError(str(error)) from error


class ApiKeyForm(StyledForm, forms.ModelForm):
    class Meta:
        model = ApiKey
        fields = ["name", "scope"]
        widgets = {"scope": forms.RadioSelect}
        help_texts = {"name": "Who or what will use it."}
