"""A site with a community on it: its items and their vectors, its people and their likes, and a trained space."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from benchmarks.parts.community import Community
from catalog.index.versions import ensure_active_version
from catalog.models import IndexVersion, Item
from recommender import popularity
from recommender.models import TasteModel
from recommender.space import training
from recommender.space.parameters import Parameters

#: A statement has at most 65,535 parameters.
ROWS_AT_ONCE = 5_000
PERSON = "person-{}"


def load(community: Community) -> IndexVersion:
    """Load a community into an empty site, one passage per item, without the graph of passages, which lists from a
    trained space do not read. Then train a space with the default parameters and serve it."""
    version = ensure_active_version()
    if Item.objects.count() == len(community.vectors) and TasteModel.objects.active_for(version):
        return version
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS catalog_passage_v{version.pk}_hnsw")
    ids = _load_items(community)
    _load_passages(version, ids, community)
    _load_likes(ids, community)
    popularity.refresh()
    started = time.monotonic()
    choice = training.Choice(parameters=Parameters(), promoted=True, figures={})
    training.store(version, training.material_of(version), choice, started=started)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return version


def _load_items(community: Community) -> list[int]:
    subjects = community.subjects.tolist()
    for first in range(0, len(subjects), ROWS_AT_ONCE):
        Item.objects.bulk_create(
            Item(external_id=str(place), title=f"Item {place}", category=f"Subject {subjects[place]}")
            for place in range(first, min(first + ROWS_AT_ONCE, len(subjects)))
        )
    return list(Item.objects.order_by("pk").values_list("pk", flat=True))


def _load_passages(version: IndexVersion, ids: list[int], community: Community) -> None:
    columns = "version_id, item_id, ordinal, span_start, span_end, embedding"
    register_vector(connection.connection)
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY catalog_passage ({columns}) FROM STDIN WITH (FORMAT binary)") as copy,
    ):
        copy.set_types(["int8", "int8", "int4", "int4", "int4", "halfvec"])
        for item_id, vector in zip(ids, community.vectors, strict=True):
            copy.write_row((version.pk, item_id, 0, 0, 1, HalfVector(vector)))


def _load_likes(ids: list[int], community: Community) -> None:
    """One like per hour, up to now."""
    names = [PERSON.format(number) for number in range(len(community.likes))]
    User.objects.bulk_create([User(username=name) for name in names], ROWS_AT_ONCE)
    known = dict(User.objects.values_list("username", "pk"))
    now, places = timezone.now(), np.array(ids)
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(
            "COPY recommender_interaction (user_id, item_id, kind_id, occurred_at, request_id) FROM STDIN"
        ) as copy,
    ):
        for name, liked in zip(names, community.likes, strict=True):
            for hours, item_id in enumerate(reversed(places[liked].tolist())):
                copy.write_row((known[name], item_id, "like", now - timedelta(hours=hours + 1), ""))
