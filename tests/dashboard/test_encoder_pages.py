"""The staff pages for encoders: compared, adapted and put to use."""

from __future__ import annotations

import re
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from catalog.embedding.base import EncoderSpec
from catalog.models import AuditEntry, EncoderAdaptation, EncoderComparison, EndpointUse, ReindexRun
from tests.callers import signed_in
from tests.checkpoints import write_checkpoint
from tests.factories import make_version

pytestmark = pytest.mark.django_db
PAGE = "/staff/encoders/"
ROWS: list[dict[str, Any]] = [
    {"ndcg@10": 0.4, "recall@100": 0.8, "query_ms": 4.0, "parameters": 22_713_728, "vector_bytes": 768},
    {
        "ndcg@10": 0.5,
        "recall@100": 0.8,
        "query_ms": 10.0,
        "parameters": None,
        "vector_bytes": 768,
        "gain": {"mean": 0.1, "low": 0.05, "high": 0.15},
    },
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small-bert", seed=2)


def staff() -> Any:
    return signed_in("staff", is_staff=True)


def text_of(response: Any) -> str:
    assert response.status_code in (200, 286), response.content
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(response.content.decode())))


def compared(candidate: str = "other", **fields: Any) -> EncoderComparison:
    figures = {"source": "clicks", "queries": 120, "documents": 3_000, "rows": ROWS}
    usual: dict[str, Any] = {
        "base": asdict(EncoderSpec()),
        "candidate": asdict(EncoderSpec(model=candidate)),
        "state": "done",
        "figures": figures,
    }
    return EncoderComparison.objects.create(**usual | fields)


def test_another_encoder_is_handed_to_a_worker_to_be_compared():
    make_version(model="serving", document_prompt="passage: ")
    form = {"backend": "transformer", "model": "other", "query_prompt": "query: ", "dimensions": "64"}
    response = staff().post(PAGE, form)
    comparison = EncoderComparison.objects.get()
    assert response["Location"] == f"{PAGE}{comparison.pk}/"
    assert comparison.state == "waiting"
    assert (comparison.base_spec.model, comparison.base_spec.document_prompt) == ("serving", "passage: ")
    assert comparison.candidate_spec == EncoderSpec(model="other", query_prompt="query: ", dimensions=64)
    assert AuditEntry.objects.get().action == "encoder.compare"
    assert "Waiting for a worker." in text_of(staff().get(f"{PAGE}{comparison.pk}/"))


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"backend": "transformer", "model": ""}, "This field is required."),
        ({"backend": "nonsense", "model": "x"}, "Select a valid choice."),
        ({"backend": "transformer", "model": "x", "dimensions": "0"}, "greater than or equal to 1"),
        ({"backend": "static", "model": "/nowhere"}, "There is no file of word vectors"),
        ({"backend": "openai", "model": "x"}, "This site has no embeddings endpoint"),
        ({"backend": "transformer", "model": "x"}, "There is no index yet"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(form, reason):
    response = staff().post(PAGE, form)
    assert response.status_code == 400
    assert reason in unescape(response.content.decode())
    assert not EncoderComparison.objects.exists()


def test_the_figures_stand_side_by_side_with_bars():
    comparison = compared()
    response = staff().get(f"{PAGE}{comparison.pk}/")
    shown = text_of(response)
    assert "The other encoder finds more: +0.100 nDCG@10, +0.050 to +0.150 with 95% confidence." in shown
    assert "nDCG@10 how high the right items rank .400 .500" in shown
    assert "One query encoded on its own 4.0 ms 10.0 ms 2.50" in shown
    assert "Parameters of the model 22,713,728 unknown" in shown
    assert "120 queries from clicks over 3,000 documents" in shown
    assert "favours the serving encoder" in shown
    html = response.content.decode()
    assert re.findall(r"<b>(.*?)</b>", html)[-2:] == [".500", "4.0 ms"]
    assert '<rect class="e-ink" width="80.0" height="6"/><rect class="e-meaning" y="8" width="100.0"' in html
    assert "hx-get" not in html.split('id="live"')[1].split(">")[0]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.2, -0.1, "The other encoder finds less"), (-0.1, 0.1, "cannot tell which one finds more")],
)
def test_the_verdict_is_no_better_than_the_figures(low, high, said):
    rows = [ROWS[0], ROWS[1] | {"gain": {"mean": (low + high) / 2, "low": low, "high": high}}]
    comparison = compared(figures={"source": "titles", "queries": 9, "documents": 9, "rows": rows})
    assert said in text_of(staff().get(f"{PAGE}{comparison.pk}/"))


def test_what_computed_is_told_of_either_encoder():
    rows = [ROWS[0] | {"runtime": "openvino and onnxruntime-int8"}, ROWS[1] | {"runtime": "torch"}]
    comparison = compared(figures={"source": "titles", "queries": 9, "documents": 9, "rows": rows})
    shown = text_of(staff().get(f"{PAGE}{comparison.pk}/"))
    assert "Computed by on this machine openvino and onnxruntime-int8 torch" in shown


def test_encoders_that_have_no_choice_of_runtime_tell_none():
    assert "Computed by" not in text_of(staff().get(f"{PAGE}{compared().pk}/"))


def test_the_live_part_is_asked_for_until_the_comparison_is_finished():
    comparison = compared(state="running", message="Encoding 3,000 documents with other", figures={})
    page = staff().get(f"{PAGE}{comparison.pk}/").content.decode()
    assert f'hx-get="{PAGE}{comparison.pk}/" hx-trigger="every 2s"' in page
    part = staff().get(f"{PAGE}{comparison.pk}/", headers={"HX-Request": "true"})
    assert (part.status_code, "Encoding 3,000 documents with other" in text_of(part)) == (200, True)
    EncoderComparison.objects.update(state="failed", message="Model other cannot be loaded.")
    part = staff().get(f"{PAGE}{comparison.pk}/", headers={"HX-Request": "true"})
    assert (part.status_code, "Model other cannot be loaded." in text_of(part)) == (286, True)


def test_a_reindex_starts_with_the_encoder_that_was_compared(checkpoint):
    make_version(document_template="{{ title }} by {{ category }}")
    comparison = compared(str(checkpoint))
    response = staff().post(f"{PAGE}{comparison.pk}/reindex")
    assert response["Location"] == "/staff/"
    version = ReindexRun.objects.get().version
    assert version.model == str(checkpoint)
    assert version.document_template == "{{ title }} by {{ category }}"
    browser = staff()
    browser.post(f"{PAGE}{comparison.pk}/reindex")
    assert ReindexRun.objects.count() == 1
    assert "Another reindex is running" in text_of(browser.get(PAGE))


def test_nothing_is_started_with_an_encoder_that_is_not_measured():
    comparison = compared(state="running")
    assert staff().post(f"{PAGE}{comparison.pk}/reindex").status_code == 404
    refused = EncoderAdaptation.objects.create(base=asdict(EncoderSpec()), state="done", offered=False)
    assert staff().post(f"{PAGE}adapted/{refused.pk}/reindex").status_code == 404
    assert not ReindexRun.objects.exists()


def test_the_serving_encoder_is_adapted_once_at_a_time():
    staff().post(f"{PAGE}adapt")
    assert not EncoderAdaptation.objects.exists()
    make_version(model="serving")
    for _ in range(2):
        staff().post(f"{PAGE}adapt")
    assert EncoderAdaptation.objects.get().base_spec.model == "serving"
    assert 'class="btn btn--sm" disabled' in staff().get(PAGE).content.decode()


def test_adaptations_show_what_they_gained_and_those_offered_can_be_put_to_use(checkpoint):
    make_version()
    figures = {
        "collection": "clicks",
        "queries": {"learning": 100, "stopping": 20, "held_out": 1_040},
        "ndcg@10": 0.5,
        "ndcg@10_before": 0.4,
        "gain": {"mean": 0.1, "low": 0.02, "high": 0.2},
    }
    adaptation = EncoderAdaptation.objects.create(
        base=asdict(EncoderSpec(model="serving")),
        state="done",
        message="Better on held-out queries.",
        offered=True,
        folder=str(checkpoint),
        figures=figures,
    )
    shown = text_of(staff().get(PAGE))
    assert "serving Better on held-out queries. done" in shown.replace("Done", "done")
    assert "1,040 of clicks .400 .500 +0.100 (+0.020 to +0.200)" in shown
    staff().post(f"{PAGE}adapted/{adaptation.pk}/reindex")
    assert ReindexRun.objects.get().version.model == str(checkpoint)


def test_the_page_costs_few_queries(django_assert_num_queries):
    for _ in range(3):
        compared()
    client = staff()
    with django_assert_num_queries(5):  # session, user, both lists, and the use of the endpoint
        client.get(PAGE)


def test_what_the_endpoint_was_asked_for_is_shown_by_month():
    assert "Embeddings endpoint usage" not in text_of(staff().get(PAGE))
    EndpointUse.objects.create(
        day="2026-10-05", model="text-embedding-3-small", requests=12, texts=1_500, tokens=2_000_000, cost="0.04"
    )
    assert "October 2026 text-embedding-3-small 12 1,500 2,000,000 0.04" in text_of(staff().get(PAGE))
