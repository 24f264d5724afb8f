"""A whole site to break, and helpers for its tests."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import redis
from celery import Celery
from pgvector import Vector
from pgvector.psycopg import register_vector

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import encoder_for
from tests.stack import Stack

LEASE_S, SWEEP_INTERVAL_S = 4, 1
REQUEST_TIMEOUT_S = 30.0

PASSAGES = """
    SELECT item.id, item.title || E'\\n' || item.body, passage.embedding::vector
    FROM catalog_item item
    JOIN catalog_embeddingstate state ON state.item_id = item.id AND state.state = 'done'
    JOIN catalog_indexversion version ON version.id = state.version_id AND version.state = 'active'
    LEFT JOIN catalog_passage passage ON passage.version_id = version.id AND passage.item_id = item.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]
    took_s: float


class Site(Stack):
    """Runs with a small model, a lease of a few seconds and a sweep every second."""

    def __init__(self, *, model: Path | str) -> None:
        super().__init__(
            environment={
                "ENCODER_MODEL": str(model),
                "EMBEDDING_LEASE_S": str(LEASE_S),
                "SWEEP_INTERVAL_S": str(SWEEP_INTERVAL_S),
                "EMBEDDING_CLAIM_ITEMS": "32",
            }
        )
        self.model = str(model)
        self._key = ""

    def start(self, *, web: bool = True, workers: bool = True) -> None:
        super().start(web=web, workers=workers)
        self._key = self.manage("create_api_key", "faults", "--scope", "admin").strip()

    def ask(self, path: str, body: dict[str, Any] | None = None, *, method: str = "") -> Answer:
        """One request to the API, timed."""
        request = urllib.request.Request(  # noqa: S310  (the address is the test's own site)
            f"{self.url}/{path}" if path == "readyz" else f"{self.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as response:  # noqa: S310
                status, headers, text = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read()
        took_s = time.monotonic() - started
        return Answer(status=status, body=json.loads(text or b"{}"), headers=headers, took_s=took_s)

    def save(self, external_id: str, title: str, **fields: Any) -> Answer:
        return self.ask("items/bulk", {"items": [{"external_id": external_id, "title": title, **fields}]})

    def search(self, text: str) -> Answer:
        """Search by words alone, because the small model's notion of meaning is random."""
        return self.ask(f"search?q={urllib.parse.quote(text)}&semantic_ratio=0")

    def insert_unannounced(self, prefix: str, count: int) -> None:
        """Add items with SQL, as if the process that saved them had died before it could wake a worker."""
        with self.connect() as connection:
            connection.execute(
                """
                INSERT INTO catalog_item (external_id, title, body, category, attributes, image, language, published,
                    created_at, updated_at)
                SELECT %s || n, 'The ship ' || n, 'lost at sea', '', '{}', '', '', true, now(), now()
                FROM generate_series(1, %s) AS n
                """,
                [prefix, count],
            )

    def embedded(self) -> int:
        return self.count("SELECT count(DISTINCT item_id) FROM catalog_passage")

    def check_index(self) -> None:
        """Check that each embedded item has one passage, made from its current text, and nothing else has any."""
        with self.connect() as connection:
            register_vector(connection)
            rows = connection.execute(PASSAGES).fetchall()
            orphans = connection.execute(
                "SELECT count(*) FROM catalog_passage "
                "WHERE item_id NOT IN (SELECT id FROM catalog_item WHERE published)"
            ).fetchone()
        assert orphans == (0,)
        assert len({item_id for item_id, _, _ in rows}) == len(rows), "an item has several passages"
        assert all(vector is not None for _, _, vector in rows), "an item has no passage"
        expected = encoder_for(EncoderSpec(model=self.model)).encode_documents(
            [str(text).strip() for _, text, _ in rows]
        )
        found = np.array([cast(Vector, vector).to_numpy() for _, _, vector in rows], dtype=np.float32)
        assert (expected * found).sum(axis=1).min() > 0.99, "a vector is not of the text its item has"

    def redis_process(self) -> psutil.Process:
        return psutil.Process(self.services.redis.process.pid)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.services.redis.url)

    def wake(self, task: str, *, queue: str, times: int) -> None:
        """Send the same message several times, like a broker that delivers twice."""
        with Celery(broker=self.services.redis.url, set_as_current=False) as app:
            for _ in range(times):
                app.send_task(task, queue=queue)

    def waiting_messages(self) -> int:
        with self.redis() as client:
            return sum(int(client.llen(queue)) for queue in ("embedding", "jobs"))

    def state(self) -> dict[int, tuple[object, ...]]:
        """Everything the index holds for each item."""
        with self.connect() as connection:
            rows = connection.execute(
                """
                SELECT state.item_id, state.state, state.attempts, state.document_hash, state.updated_at,
                    array_agg(passage.embedding::text ORDER BY passage.ordinal)
                FROM catalog_embeddingstate state
                LEFT JOIN catalog_passage passage USING (version_id, item_id) GROUP BY 1, 2, 3, 4, 5
                """
            ).fetchall()
        return {int(str(item_id)): tuple(map(str, rest)) for item_id, *rest in rows}
