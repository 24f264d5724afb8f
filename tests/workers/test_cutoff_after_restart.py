"""A worker that was away when the last item was embedded measures the cutoff over its own connection."""

from pathlib import Path

import pytest
from django.db import connection

from catalog.index.versions import ensure_active_version
from catalog.models import IndexVersion
from tests.checkpoints import write_checkpoint
from tests.factories import make_items
from workers.embed import drain


@pytest.mark.usefixtures("committed_db")
def test_a_fresh_connection_reads_vectors(tmp_path: Path, settings):
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    ensure_active_version()
    make_items([{"external_id": f"film {number}", "title": f"The ship {number} in the storm"} for number in range(50)])
    drain()
    measured = IndexVersion.objects.get().relevance_cutoff
    IndexVersion.objects.update(relevance_cutoff=None)
    connection.close()
    drain()
    assert IndexVersion.objects.get().relevance_cutoff == measured is not None
