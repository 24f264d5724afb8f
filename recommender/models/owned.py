"""Rows that belong to a person."""

from __future__ import annotations

from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from recommender.subjects import Subject

AnyOwned = TypeVar("AnyOwned", bound=models.Model)


class SubjectModel(models.Model):
    """A row that belongs to a signed-in user or to an anonymous visitor, never to both."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    visitor = models.UUIDField(null=True)

    class Meta:
        abstract = True

    @property
    def subject(self) -> Subject:
        return Subject(user_id=self.user_id, visitor=self.visitor)


class SubjectQuerySet(models.QuerySet[AnyOwned]):
    def of(self, subject: Subject) -> Self:
        """The rows that belong to a subject; none for somebody unknown."""
        return self.filter(**subject.lookup) if subject.known else self.none()


def exactly_one_subject(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(user__isnull=True, visitor__isnull=False) | Q(user__isnull=False, visitor__isnull=True), name=name
    )
