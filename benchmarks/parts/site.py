"""A site of the product that holds the benchmark's documents."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.parts.documents import BenchmarkDocument, public_data
from searchsite.embedded.ports import free_port
from searchsite.local_site import LocalSite

if TYPE_CHECKING:
    from catalog.models import IndexVersion

ITEMS_AT_ONCE = 1_000
#: High enough to be counted but never reached.
RATE = "100000000/min"


@contextmanager
def site(*, home: Path | None) -> Iterator[LocalSite]:
    """A site with its services running and this process set up to use its database; no web server yet.

    Without `home` it is removed afterwards; with it everything is kept there for the next run. Exits if the public
    collections are missing.
    """
    public_data()
    with tempfile.TemporaryDirectory(prefix="searchsite-benchmark-") as folder:
        Path(folder).chmod(0o711)
        environment = {"API_READ_RATE": RATE}
        with LocalSite(data_dir=home or Path(folder) / "site", port=free_port(), environment=environment) as local:
            os.environ.update(local.services.environment)
            os.environ["DJANGO_SETTINGS_MODULE"] = "searchsite.settings"
            import django

            django.setup()
            from django.db import connection

            try:
                yield local
            finally:
                connection.close()


def load_documents(documents: Sequence[BenchmarkDocument]) -> IndexVersion:
    """Create items and vectors for the documents as a worker does, then build and measure the graph as a rebuild does.

    Does nothing on a site that has them already. Returns the version that holds the vectors.
    """
    from django.db import connection

    from benchmarks.parts.vectors import RememberingEncoder, cached_vectors
    from catalog.embedding.registry import encoder_for, share
    from catalog.index.keywords import fold_term_counts
    from catalog.index.partitions import build_hnsw
    from catalog.index.versions import ensure_active_version
    from catalog.items.saving import save_items
    from catalog.models import Item
    from catalog.tuning.ef_search import tune
    from workers.embed import drain

    version = ensure_active_version()
    if Item.objects.count() == len(documents):
        return version
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS catalog_passage_v{version.pk}_hnsw")
    for first in range(0, len(documents), ITEMS_AT_ONCE):
        save_items([document.as_item() for document in documents[first : first + ITEMS_AT_ONCE]])
    encoder, texts = encoder_for(version.encoder_spec), [document.text for document in documents]
    share(RememberingEncoder(encoder, texts, cached_vectors(encoder, texts)), version.encoder_spec)
    drain()
    share(encoder, version.encoder_spec)
    build_hnsw(version)
    fold_term_counts()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    tune(version)
    return version
