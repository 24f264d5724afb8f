"""Read-only admin pages of the recommender: what people did and what came of it."""

from __future__ import annotations

from django.contrib import admin

from catalog.http.admin import ReadOnlyAdmin
from recommender.models import (
    DeletionReceipt,
    EventKind,
    Experiment,
    Interaction,
    ItemPopularity,
    Profile,
    ShownList,
    TasteModel,
    UserEmbedding,
)


@admin.register(EventKind)
class EventKindAdmin(ReadOnlyAdmin):
    """Weights are set on the staff pages, where their effect can be previewed on a person first."""

    list_display = ["name", "weight", "half_life_days"]


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
    list_display = ["__str__", "name", "weight", "version_id", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["=user__username"]
    exclude = ["vector"]
    show_full_result_count = False


@admin.register(DeletionReceipt)
class DeletionReceiptAdmin(ReadOnlyAdmin):
    list_display = ["id", "scope", "interactions", "embeddings", "deleted_at"]
    list_filter = ["scope"]


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


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = ["name", "scenario", "state", "started_at", "stopped_at"]
    list_filter = ["state", "scenario"]


@admin.register(ShownList)
class ShownListAdmin(ReadOnlyAdmin):
    list_display = ["shown_at", "source", "scenario", "model_id", "variant", "clicked", "acted"]
    list_filter = ["scenario", "source"]
    ordering = ["-id"]
    show_full_result_count = False
