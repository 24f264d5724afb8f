"""Queries whose results people have judged, in named sets, and how well search did on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Lower

from catalog.models.index import IndexVersion
from catalog.models.item import Item
from catalog.models.jobs import Job
from catalog.models.searches import TEXT_KEPT

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

#: The highest grade of an item: 0 is not relevant, 3 exactly what was looked for.
HIGHEST_GRADE = 3


class JudgedSetQuerySet(models.QuerySet["JudgedSet"]):
    def with_counts(self) -> JudgedSetQuerySet:
        """Each with its number of queries and how many of them have a judgement."""
        judged = Count("queries", filter=Q(queries__judgements__isnull=False), distinct=True)
        return self.annotate(queries_count=Count("queries", distinct=True), judged_count=judged).order_by("name")


class JudgedSet(models.Model):
    """A query set: queries that search is measured by. The class name sets it apart from Django's own query sets."""

    name = models.CharField(max_length=100, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    #: Set by `with_counts`.
    queries_count: int
    judged_count: int

    queries: RelatedManager[JudgedQuery]
    measurements: RelatedManager[Measurement]

    objects: ClassVar[JudgedSetQuerySet] = JudgedSetQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class JudgedQueryQuerySet(models.QuerySet["JudgedQuery"]):
    def with_counts(self) -> JudgedQueryQuerySet:
        """Each with how many items were judged for it, and how many of those are relevant."""
        return self.annotate(
            judged_count=Count("judgements"),
            relevant_count=Count("judgements", filter=Q(judgements__grade__gt=0)),
        ).order_by("pk")

    def unjudged(self) -> JudgedQueryQuerySet:
        return self.filter(judgements__isnull=True)


class JudgedQuery(models.Model):
    """One query of a set. Texts are unique within a set, ignoring case."""

    judged_set = models.ForeignKey(JudgedSet, on_delete=models.CASCADE, related_name="queries")
    text = models.CharField(max_length=TEXT_KEPT)

    #: Set by `with_counts`.
    judged_count: int
    relevant_count: int

    judgements: RelatedManager[Judgement]

    objects: ClassVar[JudgedQueryQuerySet] = JudgedQueryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "judged queries"
        constraints = [models.UniqueConstraint("judged_set", Lower("text"), name="one_query_text")]

    def __str__(self) -> str:
        return self.text


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def of_published(self) -> JudgementQuerySet:
        """Judgements of items that a search may find."""
        return self.filter(item__published=True)


class Judgement(models.Model):
    """How well an item answers a query, as somebody judged it."""

    query = models.ForeignKey(JudgedQuery, on_delete=models.CASCADE, related_name="judgements")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_constraint=False)
    grade = models.PositiveSmallIntegerField(validators=[MaxValueValidator(HIGHEST_GRADE)])
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    judged_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[JudgementQuerySet] = JudgementQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["query", "item"], name="one_judgement"),
            models.CheckConstraint(condition=Q(grade__lte=HIGHEST_GRADE), name="grade_in_range"),
        ]

    def __str__(self) -> str:
        return f"Item {self.item_id} for query {self.query_id}: {self.grade}"


class Measurement(Job):
    """How good search is on a query set, with one or more settings: the others are compared with the first."""

    class Kind(models.TextChoices):
        ONE = "one", "One setting"
        SWEEP = "sweep", "Ratio sweep"
        VERSIONS = "versions", "Two versions"
        RERANKING = "reranking", "With reranking and without"

    judged_set = models.ForeignKey(JudgedSet, on_delete=models.CASCADE, related_name="measurements")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ONE)
    queries = models.PositiveIntegerField(default=0, help_text="Queries with a relevant item, which were run.")
    searches_done = models.PositiveIntegerField(default=0)
    searches_total = models.PositiveIntegerField(default=0)

    settings: RelatedManager[MeasuredSetting]

    class Meta(Job.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["judged_set"], condition=Q(state__in=["waiting", "running"]), name="one_unfinished_measurement"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judged_set}: {self.get_kind_display()}"


class MeasuredSetting(models.Model):
    """One way to search and its results; the figures are null until the measurement is done."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="settings")
    position = models.PositiveSmallIntegerField(help_text="0 is the baseline for the others.")
    version = models.ForeignKey(IndexVersion, on_delete=models.CASCADE)
    semantic_ratio = models.FloatField()
    rerank = models.BooleanField(default=False)
    ndcg_at_10 = models.FloatField(null=True)
    mrr_at_10 = models.FloatField(null=True)
    recall_at_100 = models.FloatField(null=True)
    judged_at_10 = models.FloatField(null=True, help_text="Share of the first ten hits that are judged.")
    median_ms = models.FloatField(null=True, help_text="Per search, including the encoding of its query.")
    not_reranked = models.PositiveIntegerField(default=0, help_text="Searches that ran out of time for reranking.")
    gain = models.JSONField(
        null=True, help_text="Gain in nDCG@10 over the first setting: mean, and low and high end at 95%."
    )
    ndcg_by_query = models.JSONField(default=dict, help_text="nDCG@10 by query id.")

    class Meta:
        ordering = ["measurement_id", "position"]
        constraints = [models.UniqueConstraint(fields=["measurement", "position"], name="one_setting_a_position")]

    def __str__(self) -> str:
        return f"v{self.version_id} at {self.semantic_ratio:g}{' reranked' if self.rerank else ''}"
