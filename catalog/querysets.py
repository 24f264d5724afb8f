"""The query language of the catalogue: querysets that read as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Collate, TruncMinute

from catalog.database.rows import read_rows

if TYPE_CHECKING:
    from catalog.models import Attribute, EmbeddingBatch, EmbeddingState, ImportRun, IndexVersion, Item, ReindexRun
    from catalog.models.jobs import Job
    from catalog.search.predicates import Predicate

AnyJob = TypeVar("AnyJob", bound="Job")
LEDGER_STATES = ("pending", "leased", "done", "failed")


class ItemQuerySet(models.QuerySet["Item"]):
    def published(self) -> ItemQuerySet:
        return self.filter(published=True)

    def newest(self) -> ItemQuerySet:
        return self.order_by("-created_at", "-id")

    def in_order(self, ids: Iterable[int]) -> list[Item]:
        """Return the items with these ids in the order given; ids that are gone are left out.

        Of all items, those of a page of hits are read by a statement that is written already: see `read_rows`.
        """
        ids = list(ids)
        if self.query.where:
            found = self.in_bulk(ids)
        else:
            found = {item.pk: item for item in read_rows(self.model, "id = ANY(%s)", [ids])}
        return [found[pk] for pk in ids if pk in found]

    def with_external_ids(self, external_ids: Iterable[str]) -> ItemQuerySet:
        return self.filter(external_id__in=list(external_ids))

    def held(self) -> list[int]:
        """Lock these rows until the transaction ends, in the order in which those who save items do, so that nobody
        waits for another crosswise. Return their ids."""
        in_order = self.order_by(Collate("external_id", "C")).select_for_update()
        return list(in_order.values_list("pk", flat=True))

    def ids_by_external_id(self, external_ids: Iterable[str]) -> dict[str, int]:
        return dict(self.with_external_ids(external_ids).values_list("external_id", "pk"))

    def titles_by_external_id(self, external_ids: Iterable[str]) -> dict[str, str]:
        return dict(self.with_external_ids(external_ids).values_list("external_id", "title"))

    def meeting(self, wanted: Predicate | None) -> ItemQuerySet:
        """Items that meet a compiled filter."""
        if wanted is None:
            return self
        condition = RawSQL(wanted.sql, wanted.parameters, output_field=models.BooleanField())  # noqa: S611
        return self.filter(condition)

    def after(self, pk: int) -> ItemQuerySet:
        """Those with larger ids, in the order of their ids: for reading all of them a page at a time."""
        return self.filter(pk__gt=pk).order_by("pk")

    def spread(self, step: int) -> ItemQuerySet:
        """Those whose id is a multiple of a step, in the order of their ids: a sample from all over the catalogue."""
        return self.annotate(place=models.F("pk") % step).filter(place=0).order_by("pk")

    def titles(self, ids: Iterable[int]) -> models.QuerySet[Item, tuple[int, str]]:
        """Pairs of id and title."""
        return self.filter(pk__in=list(ids)).values_list("pk", "title")


class AttributeQuerySet(models.QuerySet["Attribute"]):
    def facets(self) -> AttributeQuerySet:
        return self.filter(facet=True)

    def sortable(self) -> list[str]:
        """Names of the attributes that items can be sorted by."""
        return list(self.filter(kind="number", many=False).values_list("name", flat=True))

    def by_name(self) -> dict[str, Attribute]:
        return {attribute.name: attribute for attribute in self}

    def hold_lists(self, names: Sequence[str]) -> None:
        """Note that items hold lists under these names."""
        if names:
            self.filter(name__in=names, many=False).update(many=True)


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def unfinished(self) -> ImportRunQuerySet:
        return self.filter(state__in=["queued", "running"])

    def for_workers(self) -> ImportRunQuerySet:
        """Uploads that wait for a worker or whose worker may have died. One being worked on takes no harm."""
        return self.unfinished().exclude(path__startswith="/")

    def like(self, run: ImportRun) -> ImportRunQuerySet:
        """Runs that load the same file in the same way."""
        return self.filter(kind=run.kind, path=run.path, size_bytes=run.size_bytes, mapping=run.mapping)


class IndexVersionQuerySet(models.QuerySet["IndexVersion"]):
    def active(self) -> IndexVersion | None:
        return self.filter(state="active").first()

    def with_rules_stamp(self) -> IndexVersionQuerySet:
        """Each with the stamp of the rules as they are now, so that whoever reads the version knows it for nothing."""
        from catalog.models import RulesStamp

        return self.annotate(rules_stamp=RulesStamp.present())

    def live(self) -> IndexVersionQuerySet:
        """Versions whose vectors are kept up to date."""
        return self.filter(state__in=["building", "ready", "active"])

    def kept(self) -> IndexVersionQuerySet:
        """Live ones, and those whose encoder is yet to be loaded."""
        return self.exclude(state="retired")

    def searchable(self, version_id: int) -> IndexVersion | None:
        """The live version with this id."""
        return self.live().filter(pk=version_id).first()

    def ready(self) -> IndexVersionQuerySet:
        """Complete versions that do not serve at the moment."""
        return self.filter(state="ready")

    def complete(self) -> IndexVersionQuerySet:
        """Versions with a graph, which serve or could."""
        return self.filter(state__in=["ready", "active"])

    def retirable(self) -> IndexVersionQuerySet:
        """Versions nobody reads from or works on: complete ones, and what a run that failed has left."""
        return self.filter(state__in=["loading", "building", "ready"]).exclude(run__state__in=["running", "paused"])

    def kept_up(self) -> IndexVersionQuerySet:
        """Live versions but those that a failed run has left. One that is building without a run is made by hand."""
        left = self.filter(state="building", run__state__in=["failed", "cancelled"]).values("pk")
        return self.live().exclude(pk__in=left)

    def claimable(self) -> IndexVersionQuerySet:
        """Versions that workers may embed for, the one that serves searches first."""
        serving_first = models.Case(models.When(state="active", then=0), default=1)
        return self.kept_up().exclude(run__state="paused").order_by(serving_first, "id")


class EmbeddingStateQuerySet(models.QuerySet["EmbeddingState"]):
    def of(self, version: IndexVersion) -> EmbeddingStateQuerySet:
        return self.filter(version_id=version.pk)

    def among(self, item_ids: Iterable[int]) -> EmbeddingStateQuerySet:
        return self.filter(item_id__in=list(item_ids))

    def claimable(self) -> EmbeddingStateQuerySet:
        """Rows that a worker may take right now."""
        from catalog.models import IndexVersion

        versions = IndexVersion.objects.claimable().values_list("pk", flat=True)
        return self.filter(state="pending", version_id__in=list(versions))

    def pending(self) -> EmbeddingStateQuerySet:
        return self.filter(state="pending")

    def done(self) -> EmbeddingStateQuerySet:
        return self.filter(state="done")

    def failed(self) -> EmbeddingStateQuerySet:
        return self.filter(state="failed")

    def unseen(self) -> EmbeddingStateQuerySet:
        """Items that are embedded without their picture, which could not be had or read."""
        return self.done().exclude(picture_error="")

    def failed_in(self, versions: Sequence[IndexVersion]) -> EmbeddingStateQuerySet:
        """Items of these versions that failed, or whose picture did, the latest first."""
        failed = self.failed() | self.unseen()
        return failed.filter(version_id__in=[version.pk for version in versions]).order_by("-updated_at")

    def unseen_by_version(self, versions: Sequence[IndexVersion]) -> dict[int, int]:
        """How many pictures of each version could not be had or read, by its id; versions without any are left out."""
        found = self.unseen().filter(version_id__in=[version.pk for version in versions])
        return dict(found.order_by().values_list("version_id").annotate(Count("item_id")))

    def unfinished(self) -> EmbeddingStateQuerySet:
        return self.filter(state__in=["pending", "leased"])

    def counts(self) -> dict[str, int]:
        """How many rows are in each state; absent states are 0."""
        return self.aggregate(**_count_states())

    def counts_by_version(self, versions: Sequence[IndexVersion]) -> dict[int, dict[str, int]]:
        """The same for each version by its id, in one query."""
        ids = [version.pk for version in versions]
        found = self.filter(version_id__in=ids).order_by().values("version_id").annotate(**_count_states())
        counts = {pk: dict.fromkeys(LEDGER_STATES, 0) for pk in ids}
        return counts | {row.pop("version_id"): row for row in found}


def _count_states() -> dict[str, Any]:
    return {name: Count("item_id", filter=Q(state=name)) for name in LEDGER_STATES}


class EmbeddingBatchQuerySet(models.QuerySet["EmbeddingBatch"]):
    def finished_before(self, moment: datetime) -> EmbeddingBatchQuerySet:
        return self.filter(finished_at__lt=moment)

    def items_per_minute(self, *, since: datetime) -> dict[datetime, int]:
        """Items embedded in each minute that had any."""
        minutes = self.filter(finished_at__gte=since).annotate(minute=TruncMinute("finished_at")).values("minute")
        return dict(minutes.annotate(count=Sum("items")).order_by("minute").values_list("minute", "count"))


class ReindexRunQuerySet(models.QuerySet["ReindexRun"]):
    def running(self) -> ReindexRunQuerySet:
        return self.filter(state="running")

    def unfinished(self) -> ReindexRunQuerySet:
        return self.filter(state__in=["running", "paused"])

    def finished(self) -> ReindexRunQuerySet:
        return self.exclude(state__in=["running", "paused"])

    def by_version(self, versions: Sequence[IndexVersion]) -> dict[int, ReindexRun]:
        """The runs that made these versions, by the version's id."""
        return {run.version_id: run for run in self.filter(version__in=versions)}


class JobQuerySet(models.QuerySet[AnyJob]):
    def unfinished(self) -> JobQuerySet[AnyJob]:
        """Those that wait for a worker, and those that a worker is at, or was when it died."""
        return self.filter(state__in=["waiting", "running"])
