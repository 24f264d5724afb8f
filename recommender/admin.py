"""The admin pages of the recommender: weights of events may be changed, what people did is to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog.http.admin import ReadOnlyAdmin
from recommender.models import EventKind, Interaction, ItemPopularity, Profile, TasteModel, UserEmbedding


@admin.register(EventKind)
class EventKindAdmin(admin.ModelAdmin):
    """The product records these kinds and no others; how much each counts is for staff to say."""

    list_display = ["name", "weight", "half_life_days"]
    list_editable = ["weight", "half_life_days"]
    readonly_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Interaction)
class InteractionAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "kind_id", "item", "user", "visitor", "value"]
    list_filter = ["kind"]
    list_select_related = ["item", "user"]
    search_fields = ["=user__username", "=item__external_id", "=event_id"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(UserEmbedding)
class UserEmbeddingAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "version_id", "weight", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["=user__username"]
    exclude = ["vector"]
    show_full_result_count = False


@admin.register(ItemPopularity)
class ItemPopularityAdmin(ReadOnlyAdmin):
    list_display = ["item", "score"]
    list_select_related = ["item"]
    ordering = ["-score"]


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    list_display = ["user", "about", "is_demo"]
    list_filter = ["is_demo"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    raw_id_fields = ["user"]


@admin.register(TasteModel)
class TasteModelAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "version_id", "parameters", "figures", "created_at", "activated_at"]
    list_filter = ["state"]
    exclude = ["space"]
