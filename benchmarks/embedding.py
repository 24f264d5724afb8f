"""How fast the embedding worker's own path is: texts a second against sentence-transformers as one uses it by hand.

Both embed the same 2,000 film descriptions with all-MiniLM-L6-v2. The worker's time has everything in it: claims,
rendering, encoding, and writing vectors into an HNSW index. On a PostgreSQL of its own, gone afterwards.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from itertools import islice
from pathlib import Path

TEXTS = 2_000
SLICE = 500
# About 90 tokens. Longer texts would not compare: the worker cuts them into passages, the other truncates them.
CHARACTERS = 400


def main() -> None:
    from searchsite.embedded import EmbeddedServices

    with tempfile.TemporaryDirectory(prefix="searchsite-benchmark-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedServices(data_dir=Path(folder) / "site") as services:
            os.environ.update(services.environment)
            os.environ["DJANGO_SETTINGS_MODULE"] = "searchsite.settings"
            ours, theirs, encoder_only = _measure_on_site()
    print(f"{'':32}{'texts/s':>10}{'ratio':>8}")
    for name, rate in (("sentence-transformers, batch 32", theirs), ("encoder alone", encoder_only), ("worker", ours)):
        print(f"{name:32}{rate:>10.0f}{rate / theirs:>8.2f}")
    _figure("embedding_vs_sentence_transformers", ours / theirs)
    _figure("embedding_share_of_encoder_speed", ours / encoder_only)


def _measure_on_site() -> tuple[float, float, float]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with (Path(settings.DATA_DIR) / "movies" / "items.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in islice(file, TEXTS)]
    try:
        return _measure(rows)
    finally:
        connection.close()


def _measure(rows: list[dict[str, str]]) -> tuple[float, float, float]:
    """Texts a second of the worker, of plain sentence-transformers and of our encoder; slice by slice in turns, so
    that what else runs on the machine weighs on all alike."""
    from sentence_transformers import SentenceTransformer

    from catalog.documents import render_document
    from catalog.embedding.models import local_files
    from catalog.embedding.registry import encoder_for
    from catalog.indexing import ensure_active_version
    from catalog.items import save_items
    from catalog.models import Item
    from workers.embed import drain

    version = ensure_active_version()
    encoder = encoder_for(version.encoder_spec)
    plain = SentenceTransformer(str(local_files(version.model)), device="cpu")
    encoder.encode_documents(["warm"] * 64)
    plain.encode(["warm"] * 64)
    spent = {"worker": 0.0, "plain": 0.0, "encoder": 0.0}
    for first in range(0, len(rows), SLICE):
        own = [
            {"external_id": str(place), "title": row["title"], "body": row["description"][:CHARACTERS]}
            for place, row in enumerate(rows[first : first + SLICE], start=first)
        ]
        save_items(own)
        items = Item.objects.filter(external_id__in=[row["external_id"] for row in own])
        texts = [render_document(item, version.document_template) for item in items]
        for name, work in (
            ("worker", drain),
            ("plain", lambda texts=texts: plain.encode(texts, batch_size=32, show_progress_bar=False)),
            ("encoder", lambda texts=texts: encoder.encode_documents(texts)),
        ):
            started = time.perf_counter()
            work()
            spent[name] += time.perf_counter() - started
    return len(rows) / spent["worker"], len(rows) / spent["plain"], len(rows) / spent["encoder"]


def _figure(name: str, value: float) -> None:
    print(json.dumps({"figure": name, "value": round(value, 2), "texts": TEXTS, "model": "all-MiniLM-L6-v2"}))


if __name__ == "__main__":
    main()
