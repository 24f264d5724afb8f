"""How fast texts become vectors: our encoder and our worker against sentence-transformers in everyday use.

All embed the same film descriptions of about 90 tokens with all-MiniLM-L6-v2, taking turns slice by slice on the same
cores; sentence-transformers in float32 with batches of 32 counts as 1. The worker's time includes everything: claims,
rendering, encoding, and writing vectors to PostgreSQL. Runs on its own PostgreSQL, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.parts.encoders import (
    cosine_of,
    encoder_on,
    environment,
    films,
    flops_of,
    matrix_flops_per_s,
    memory_growth,
    query_ms,
    texts_per_s,
)
from benchmarks.parts.report import figure, table
from benchmarks.parts.site import site

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from catalog.embedding.transformer import TransformerEncoder

# Longer texts would not be comparable: the worker splits them into passages, sentence-transformers truncates them.
CHARACTERS = 400
QUERIES = 100
MEMORY_FROM = 10_000
REINDEXES = 4
STUDENT_WORDS, STUDENT_SENTENCES = 5_000, 1_000
WITHOUT_OPENVINO = ("torch", "onnxruntime")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--texts", type=int, default=2_000)
    arguments.add_argument("--slice", type=int, default=500, help="texts in a turn")
    arguments.add_argument("--memory-texts", type=int, default=200_000, help="0 leaves the memory unmeasured")
    asked = arguments.parse_args()
    if 0 < asked.memory_texts <= MEMORY_FROM:
        arguments.error(f"--memory-texts must be 0 or above {MEMORY_FROM:,}.")
    with site(home=None):
        rows = films(asked.texts, characters=CHARACTERS)
        texts = [f"{row['title']}\n{row['body']}" for row in rows]
        plain = _sentence_transformers("cpu")
        encoders = {name: encoder_on(name) for name in ("openvino", *WITHOUT_OPENVINO)}
        measure_bulk(texts, plain, encoders, slice_texts=asked.slice)
        measure_queries([row["title"] for row in rows[:QUERIES]], plain)
        measure_worker(rows)
        measure_student(texts, plain, slice_texts=asked.slice)
        measure_gpu(texts)
    if asked.memory_texts:
        figure("memory_growth", memory_growth(asked.memory_texts, first=MEMORY_FROM), texts=asked.memory_texts)


def _sentence_transformers(device: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    from catalog.embedding.models import local_files

    return SentenceTransformer(str(local_files("all-MiniLM-L6-v2")), device=device)


def measure_bulk(
    texts: list[str], plain: SentenceTransformer, encoders: dict[str, TransformerEncoder], *, slice_texts: int
) -> None:
    """Measure each runtime, and its share of the cores' peak matrix throughput."""
    workers: dict[str, Any] = {
        "sentence-transformers": lambda part: plain.encode(part, batch_size=32, show_progress_bar=False)
    } | {name: encoder.encode_documents for name, encoder in encoders.items()}
    rates = texts_per_s(workers, texts, slice_texts=slice_texts)
    sample = texts[: min(slice_texts, 100)]
    expected = plain.encode(sample, batch_size=32, show_progress_bar=False)
    cosines = {name: cosine_of(expected, encoder.encode_documents(sample)) for name, encoder in encoders.items()}
    lengths = [len(own) + 2 for own in encoders["torch"].token_offsets(texts)]
    flops_per_text = flops_of(lengths, plain[0].auto_model) / len(texts)
    peak = matrix_flops_per_s()
    base = rates["sentence-transformers"]
    table(
        ["encoding documents", "texts/s", "ratio", "least cosine", "share of peak"],
        [
            [name, rate, rate / base, cosines.get(name, 1.0), rate * flops_per_text / peak]
            for name, rate in rates.items()
        ],
    )
    best = max(encoders, key=rates.__getitem__)
    figure("bulk_ratio_best", rates[best] / base, runtime=best, texts=len(texts))
    figure("bulk_min_cosine", cosines[best], runtime=best)
    without = max(WITHOUT_OPENVINO, key=rates.__getitem__)
    figure("bulk_ratio_without_openvino", rates[without] / base, runtime=without)
    figure("bulk_share_of_peak", rates[best] * flops_per_text / peak, peak_gflops=peak / 1e9)


def measure_queries(queries: list[str], plain: SentenceTransformer) -> None:
    """Measure one query at a time, with the runtime chosen for it by measurement and with each runtime."""
    ours = {name: encoder_on("openvino", queries=name) for name in ("openvino", "onnxruntime", "onnxruntime-int8")}
    workers: dict[str, Any] = {"sentence-transformers": lambda part: plain.encode(part, show_progress_bar=False)}
    workers |= {name: encoder.encode_queries for name, encoder in ours.items()}
    workers["auto"] = encoder_on("auto").encode_queries
    spent = query_ms(workers, queries)
    base_ms, base_cpu_ms = spent["sentence-transformers"]
    table(
        ["one query", "median ms", "CPU ms", "time ratio", "CPU ratio"],
        [[name, ms, cpu_ms, ms / base_ms, cpu_ms / base_cpu_ms] for name, (ms, cpu_ms) in spent.items()],
    )
    figure("query_time_ratio", spent["auto"][0] / base_ms, queries=len(queries))
    figure("query_cpu_ratio", spent["auto"][1] / base_cpu_ms, queries=len(queries))


def measure_worker(rows: list[dict[str, str]]) -> None:
    """Measure a worker's whole path against its bare encoder on the same documents, in turns.

    Once into the serving version, whose graph takes in each vector at once, and then as reindexes embed them, which
    build the graph from all vectors afterwards.
    """
    from django.core.management import call_command

    from catalog.embedding.registry import share
    from catalog.index.versions import add_missing_states, ensure_active_version, new_version, save_new_version
    from catalog.items.documents import render_document
    from catalog.items.saving import save_items
    from catalog.models import IndexVersion, Item
    from workers.embed import drain

    call_command("migrate", verbosity=0)
    encoder = encoder_on("auto")
    with environment(ENCODER_RUNTIME="torch"):
        version = ensure_active_version()
    share(encoder, version.encoder_spec)
    save_items(rows)
    texts = [render_document(item, version.document_template) for item in Item.objects.all()]
    encoder.encode_documents(texts)
    seconds: dict[str, list[float]] = {"reindex": [], "live": [], "encoder": []}

    def measure(name: str) -> None:
        for timed, work in ((name, drain), ("encoder", lambda: encoder.encode_documents(texts))):
            started = time.perf_counter()
            work()
            seconds[timed].append(time.perf_counter() - started)

    measure("live")
    for _ in range(REINDEXES):
        building = new_version()
        share(encoder, building.encoder_spec)
        save_new_version(building)
        add_missing_states(building)
        measure("reindex")
        IndexVersion.objects.filter(pk=building.pk).update(state=IndexVersion.State.RETIRED)
    rates = {name: len(rows) * len(own) / sum(own) for name, own in seconds.items()}
    table(["from item to vector", "texts/s"], [[name, rate] for name, rate in rates.items()])
    figure("worker_path_share", rates["reindex"] / rates["encoder"], texts=len(rows))
    figure("worker_live_share", rates["live"] / rates["encoder"], texts=len(rows))


def measure_student(texts: list[str], plain: SentenceTransformer, *, slice_texts: int) -> None:
    """Measure a static encoder distilled from the same model, on the site's documents."""
    from django.core.management import call_command

    from catalog.embedding.base import EncoderSpec
    from catalog.embedding.registry import encoder_for

    with tempfile.TemporaryDirectory() as folder:
        student_folder = Path(folder) / "student"
        call_command("distill", student_folder, texts=STUDENT_SENTENCES, words=STUDENT_WORDS)
        student = encoder_for(EncoderSpec(backend="static", model=str(student_folder)))
        rates = texts_per_s(
            {
                "sentence-transformers": lambda part: plain.encode(part, batch_size=32, show_progress_bar=False),
                "student": student.encode_documents,
            },
            texts[:slice_texts],
            slice_texts=slice_texts,
        )
    table(["a static student", "texts/s"], [[name, rate] for name, rate in rates.items()])
    figure("student_ratio", rates["student"] / rates["sentence-transformers"])


def measure_gpu(texts: list[str]) -> None:
    """On a GPU: against sentence-transformers' default in float32, and its best (bfloat16, large batches, sorted)."""
    import torch

    if not torch.cuda.is_available():
        return
    many = texts * max(1, 20_000 // len(texts))
    default, best = _sentence_transformers("cuda"), _sentence_transformers("cuda").to(torch.bfloat16)
    with environment(SEARCHSITE_DEVICE="cuda"):
        ours, cutter = encoder_on("torch"), encoder_on("torch")
    rates = texts_per_s(
        {
            "sentence-transformers": lambda part: default.encode(part, show_progress_bar=False),
            "the same at its best": lambda part: best.encode(part, batch_size=1_024, show_progress_bar=False),
            ours.runtimes[0]: ours.encode_documents,
            "cutting into tokens alone": cutter.token_offsets,
        },
        many,
        slice_texts=len(many),
    )
    lengths = [len(own) + 2 for own in ours.token_offsets(texts)]
    flops_per_text = flops_of(lengths, default[0].auto_model) / len(texts)
    peak = matrix_flops_per_s(device="cuda")
    tokens = sum(lengths) / len(lengths)
    table(
        ["on a GPU", "texts/s", "tokens/s", "share of peak"],
        [[name, rate, rate * tokens, rate * flops_per_text / peak] for name, rate in rates.items()],
    )
    own, cutting = rates[ours.runtimes[0]], rates["cutting into tokens alone"]
    bottleneck = "tokenizer" if own > cutting / 2 else "GPU"
    figure("gpu_bulk_ratio_default", own / rates["sentence-transformers"], texts_per_s=own, bottleneck=bottleneck)
    figure("gpu_bulk_ratio_best", own / rates["the same at its best"], share_of_peak=own * flops_per_text / peak)


if __name__ == "__main__":
    main()
