"""Judged collections small enough to work out by hand."""

from __future__ import annotations

import json
from pathlib import Path

TEXTS = ["The ghost of the harbour", "A dog in the rain", "The ship in the storm", "Night train", "The night of love"]


def write_collection(folder: Path) -> Path:
    """A collection in the BEIR form: each query is the text of its only relevant document."""
    folder.mkdir()
    rows = [{"_id": f"{number}", "text": text} for number, text in enumerate(TEXTS)]
    for name in ("corpus", "queries"):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{n}\t{n}\t1\n" for n in range(5)))
    return folder
