"""The embedding server: what it accepts, what it returns, and its errors in the form of OpenAI's API."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from catalog.embedding.registry import encoder_for
from catalog.encoders import server
from catalog.models import IndexVersion
from tests.callers import with_key
from tests.checkpoints import write_checkpoint
from tests.factories import make_version

pytestmark = pytest.mark.django_db
PATH = "/v1/embeddings"
TEXTS = ["storm at sea", "a robot in the town", "x"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small-bert", poisonous=True)


@pytest.fixture
def version(checkpoint: Path, db: None) -> IndexVersion:
    made = make_version(
        dimensions=32,
        backend="transformer",
        model=str(checkpoint),
        query_prompt="query : ",
        document_prompt="passage : ",
    )
    IndexVersion.objects.filter(pk=made.pk).update(max_tokens=64)
    made.refresh_from_db()
    encoder_for(made.encoder_spec)
    return made


def ask(body: Any, **headers: str) -> Any:
    return Client().post(PATH, json.dumps(body), content_type="application/json", headers=headers)


def vectors(response: Any) -> np.ndarray:
    assert response.status_code == 200, response.content
    data = response.json()["data"]
    assert [row["index"] for row in data] == list(range(len(data)))
    return np.array([row["embedding"] for row in data], dtype=np.float32)


def error(response: Any, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert (body["error"]["code"], body["error"]["param"]) == (code, param), body
    return body["error"]


def test_vectors_are_those_of_the_active_versions_encoder(version):
    response = ask({"model": "small-bert", "input": TEXTS})
    np.testing.assert_allclose(vectors(response), encoder_for(version.encoder_spec).encode_documents(TEXTS), atol=1e-3)
    body = response.json()
    assert (body["object"], body["model"]) == ("list", "small-bert")
    tokens = sum(map(len, encoder_for(version.encoder_spec).token_offsets(TEXTS)))
    assert body["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_a_query_gets_the_querys_prompt(version):
    response = ask({"model": "small-bert", "input": TEXTS[0], "input_type": "query"})
    encoder = encoder_for(version.encoder_spec)
    assert (vectors(response) @ encoder.encode_queries(TEXTS[:1]).T).item() > 0.999
    assert (vectors(response) @ encoder.encode_documents(TEXTS[:1]).T).item() < 0.999


def test_base64_holds_the_same_numbers(version):
    plain = vectors(ask({"model": "default", "input": TEXTS}))
    packed = ask({"model": "default", "input": TEXTS, "encoding_format": "base64", "user": "somebody"}).json()
    unpacked = [np.frombuffer(base64.b64decode(row["embedding"]), dtype="<f4") for row in packed["data"]]
    np.testing.assert_array_equal(np.array(unpacked), plain)


def test_fewer_dimensions_are_the_leading_ones_at_length_1(version):
    full, few = (vectors(ask({"model": "default", "input": TEXTS, **more})) for more in ({}, {"dimensions": 8}))
    leading = full[:, :8] / np.linalg.norm(full[:, :8], axis=1, keepdims=True)
    np.testing.assert_allclose(few, leading, atol=1e-5)
    error(ask({"model": "default", "input": "x", "dimensions": 33}), 400, "too_many_dimensions", "dimensions")
    error(ask({"model": "default", "input": "x", "dimensions": 0}), 400, "min_value", "dimensions")


def test_many_texts_come_back_in_their_order(version):
    texts = [f"{TEXTS[number % 3]} {number}" for number in range(700)]
    expected = encoder_for(version.encoder_spec).encode_documents(texts)
    np.testing.assert_allclose(vectors(ask({"model": "default", "input": texts})), expected, atol=1e-3)


def test_models_are_listed_without_the_folders_they_lie_in(version):
    older = make_version(dimensions=32, state="ready", backend="transformer", model=version.model)
    body = Client().get("/v1/models").json()
    assert [(row["id"], row["dimensions"], row["active"]) for row in body["data"]] == [
        ("small-bert", 32, True),
        (f"v{older.pk}", 32, False),
    ]
    assert version.model not in json.dumps(body)
    assert Client().get("/v1/models/small-bert").json() == body["data"][0]
    assert Client().get(f"/v1/models/v{version.pk}").json()["id"] == "small-bert"
    error(Client().get("/v1/models/org/other"), 404, "model_not_found")


def test_a_model_that_no_live_version_has_is_not_found(version):
    assert "GET /v1/models" in error(ask({"model": "other", "input": "x"}), 404, "model_not_found")["message"]
    make_version(state="retired", model="gone")
    error(ask({"model": "gone", "input": "x"}), 404, "model_not_found")


def test_there_is_no_model_before_the_first_index():
    assert Client().get("/v1/models").json() == {"object": "list", "data": []}
    error(ask({"model": "default", "input": "x"}), 404, "model_not_found")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([1, 2, 3], "token_ids"),
        ([[1, 2], [3]], "token_ids"),
        ([], "empty"),
        ("", "blank"),
        (["a", ""], "blank"),
        (["a", None], "no_texts"),
        (["a", True], "no_texts"),
        ({"text": "a"}, "no_texts"),
        (7, "no_texts"),
        (["a"] * 2_049, "too_many_inputs"),
        ("a" * 200_001, "max_length"),
        ("a\0b", "null_characters_not_allowed"),
    ],
)
def test_inputs_that_are_no_texts_are_refused(version, given, code):
    error(ask({"model": "default", "input": given}), 400, code, "input")


def test_texts_longer_than_the_model_reads_are_refused_or_cut(version):
    long = "storm " * 200
    message = error(ask({"model": "default", "input": ["x", long]}), 400, "input_too_long", "input")["message"]
    # Two special tokens and the prompt's two take their share of 64.
    assert message.startswith("Input 1 has 200 tokens, but this model reads 60 per text.")
    response = ask({"model": "default", "input": ["x", long], "truncate": True})
    assert response.json()["usage"]["total_tokens"] == 61
    cut = encoder_for(version.encoder_spec).encode_documents(["storm " * 60])[0]
    assert vectors(response)[1] @ cut > 0.999


def test_all_tokens_together_have_a_limit(version, settings):
    settings.EMBEDDINGS_MAX_TOKENS = 5
    error(ask({"model": "default", "input": ["storm at sea", "storm at sea"]}), 400, "too_many_tokens", "input")


def test_a_text_that_the_model_fails_on_is_the_callers_to_leave_out(version):
    error(ask({"model": "default", "input": "poison"}), 400, "encoding_failed", "input")


def test_unknown_parameters_and_formats_are_refused(version):
    error(ask({"model": "default", "input": "x", "dimension": 3}), 400, "unknown_parameter", "dimension")
    error(ask({"model": "default", "input": "x", "encoding_format": "hex"}), 400, "invalid_choice", "encoding_format")
    error(ask({"input": "x"}), 400, "required", "model")
    error(Client().post(PATH, "{", content_type="application/json"), 400, "parse_error")


def test_strangers_and_wrong_keys_are_told_in_the_same_form(version, settings):
    error(ask({"model": "default", "input": "x"}, Authorization="Bearer sk_wrong"), 401, "invalid_key")
    settings.ANONYMOUS_API_READ = False
    assert error(ask({"model": "default", "input": "x"}), 401, "not_authenticated")["type"] == "invalid_request_error"
    error(Client().get("/v1/nothing"), 404, "not_found")
    error(Client().get(PATH), 401, "not_authenticated")


def test_callers_over_their_rate_are_sent_away(version, settings):
    settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["embeddings"] = "1/min"
    try:
        # A caller whose allowance no other test has touched.
        caller = with_key("search")
        _, refused = (caller.post(PATH, {"model": "default", "input": "x"}, format="json") for _ in range(2))
    finally:
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["embeddings"] = "600/min"
    assert error(refused, 429, "throttled")["type"] == "rate_limit_error"
    assert int(refused["Retry-After"]) <= 60


def test_more_requests_than_there_is_room_for_are_sent_away_for_a_moment(version, settings):
    settings.EMBEDDINGS_CONCURRENCY = 1
    with server._place():
        refused = ask({"model": "default", "input": "x"})
    assert error(refused, 503, "encoder_unavailable")["type"] == "server_error"
    assert refused["Retry-After"] == "5"
    assert ask({"model": "default", "input": "x"}).status_code == 200


def test_an_encoder_that_cannot_be_had_is_unavailable():
    make_version()
    assert "no encoder backend" in error(ask({"model": "default", "input": "x"}), 503, "encoder_unavailable")["message"]


def test_bodies_over_the_limit_are_refused_in_the_same_form(version, settings):
    settings.REQUEST_BODY_MAX_BYTES = 100
    error(ask({"model": "default", "input": "x" * 200}), 413, "body_too_large")
