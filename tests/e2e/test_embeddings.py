"""OpenAI's own client against a running site."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import encoder_for
from tests.stack import Stack
from tests.waiting import wait_until

MODEL = "all-MiniLM-L6-v2"
TEXTS = ["A lonely robot learns to love.", "Storm at sea.", "Ein Zug fährt durch den Winter — 雪の夜."]


@pytest.fixture(scope="module")
def client(live_stack: Stack) -> Iterator[OpenAI]:
    key = live_stack.manage("create_api_key", "embeddings", "--scope", "search").split()[-1]
    with OpenAI(base_url=f"{live_stack.url}/v1", api_key=key, max_retries=20) as client:
        wait_until(lambda: bool(client.models.list().data), timeout_s=120, what="the first index version")
        yield client


def test_the_client_gets_the_sites_vectors_in_both_formats(client: OpenAI):
    # Without a format the client itself asks for base64.
    packed = client.embeddings.create(model=MODEL, input=TEXTS)
    plain = client.embeddings.create(model=MODEL, input=TEXTS, encoding_format="float")
    expected = encoder_for(EncoderSpec()).encode_documents(TEXTS)
    for answer in (packed, plain):
        got = np.array([row.embedding for row in answer.data])
        assert (got * expected).sum(axis=1).min() > 0.999
        np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-5)
    assert packed.usage.total_tokens == plain.usage.prompt_tokens > 20


def test_the_client_chooses_dimensions_and_prompt(client: OpenAI):
    answer = client.embeddings.create(
        model="default", input="robot", dimensions=64, user="somebody", extra_body={"input_type": "query"}
    )
    assert len(answer.data[0].embedding) == 64
    assert answer.model == MODEL


def test_the_client_lists_models(client: OpenAI):
    assert client.models.retrieve(MODEL).id == client.models.list().data[0].id == MODEL


def test_the_client_raises_its_own_errors(client: OpenAI):
    with pytest.raises(NotFoundError, match="no model 'gpt'"):
        client.embeddings.create(model="gpt", input="x")
    with pytest.raises(BadRequestError, match="Token ids are not accepted") as refused:
        client.embeddings.create(model=MODEL, input=[1, 2, 3])
    assert (refused.value.param, refused.value.code) == ("input", "token_ids")
    with pytest.raises(AuthenticationError, match="unknown or revoked"):
        client.with_options(api_key="sk_wrong").models.list()
