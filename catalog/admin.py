"""The admin pages of the catalogue. Items can be edited there; what workers and staff actions write is read-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.http.admin import ReadOnlyAdmin
from catalog.items.checks import FIELDS, ItemRefused, checked_item
from catalog.items.saving import delete_item, delete_items, save_item
from catalog.models import ApiKey, Attribute, AuditEntry, EmbeddingBatch, ImportRun, IndexVersion, Item, ReindexRun

admin.site.site_header = admin.site.site_title = settings.SITE_NAME


class ItemForm(forms.ModelForm):
    class Meta:
        model = Item
        fields = FIELDS

    def clean(self) -> dict[str, Any]:
        """Items are checked here as from any other source."""
        given = super().clean() or {}
        if self.errors:
            return given
        external_id = given.get("external_id", self.instance.external_id)
        try:
            return checked_item({**given, "external_id": external_id, "attributes": given.get("attributes") or {}})
        except ItemRefused as refused:
            field, _, name = refused.field.partition(".")
            self.add_error(field or None, f"{name}: {refused.reason}" if name else refused.reason)
        return given

    def _post_clean(self) -> None:
        """Skips the model's own checks, which know less than `checked_item` and would refuse to replace an item."""


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    form = ItemForm
    list_display = ["title", "external_id", "category", "language", "published", "updated_at"]
    list_filter = ["published", "language"]
    search_fields = ["=external_id", "title"]
    ordering = ["-updated_at"]
    readonly_fields = ["created_at", "updated_at", "content_hash"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Item | None = None) -> list[str]:
        own = [str(name) for name in super().get_readonly_fields(request, obj)]
        return [*own, "external_id"] if obj else own

    def save_model(self, request: HttpRequest, obj: Item, form: ItemForm, change: bool) -> None:
        obj.pk = save_item(**{name: form.cleaned_data[name] for name in FIELDS}).pk

    def delete_model(self, request: HttpRequest, obj: Item) -> None:
        delete_item(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Item]) -> None:
        delete_items(list(queryset.values_list("external_id", flat=True)))


@admin.register(Attribute)
class AttributeAdmin(admin.ModelAdmin):
    """How attributes are shown; their kind is determined by the first item that has one."""

    list_display = ["name", "kind", "many", "facet", "position"]
    list_editable = ["facet", "position"]
    list_filter = ["kind", "facet"]
    search_fields = ["name"]
    readonly_fields = ["name", "kind", "many"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IndexVersion)
class IndexVersionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "state", "dimensions", "window_tokens", "created_at", "activated_at"]
    list_filter = ["state"]
    search_fields = ["model"]


@admin.register(ReindexRun)
class ReindexRunAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "step", "started_by", "started_at", "finished_at", "message"]
    list_filter = ["state"]
    list_select_related = ["started_by"]


@admin.register(EmbeddingBatch)
class EmbeddingBatchAdmin(ReadOnlyAdmin):
    list_display = ["finished_at", "version", "items", "passages", "duration_s"]
    list_select_related = ["version"]
    ordering = ["-finished_at"]
    show_full_result_count = False


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ["filename", "kind", "state", "created", "updated", "rejected", "started_by", "created_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["started_by"]
    search_fields = ["filename"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys are created and revoked on the staff page, which shows a new one once."""

    list_display = ["name", "prefix", "scope", "created_by", "created_at", "revoked_at"]
    list_filter = ["scope"]
    list_select_related = ["created_by"]
    search_fields = ["name", "prefix"]
    exclude = ["hashed"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "action", "target"]
    list_filter = ["action"]
    list_select_related = ["actor"]
    search_fields = ["target"]
    date_hierarchy = "at"
