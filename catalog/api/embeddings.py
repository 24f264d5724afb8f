"""Embeddings in the format of OpenAI's API, so that its clients work with this site's encoders."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.search import ReadingView
from catalog.embedding.base import EncoderError, EncodingFailed, FloatArray
from catalog.encoders.offered import OfferedEncoder, offered_encoder, offered_encoders
from catalog.encoders.server import EmbeddingRequest, embed
from catalog.http.problems import Unavailable
from catalog.http.serializers import StrictSerializer, checked

MAX_INPUTS = 2_048
#: Longer than any model reads: counting the tokens of such a text would take a second.
MAX_INPUT_CHARACTERS = 200_000
MAX_DIMENSIONS = 65_536


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": MAX_INPUT_CHARACTERS},
            {"type": "array", "minItems": 1, "maxItems": MAX_INPUTS, "items": {"type": "string", "minLength": 1}},
        ]
    }
)
class TextsField(serializers.Field):
    """A text or a list of texts. Token ids are refused, since they belong to a client's own tokenizer."""

    child = serializers.CharField(trim_whitespace=False, max_length=MAX_INPUT_CHARACTERS)
    default_error_messages = {
        "no_texts": "Send a text or a list of texts.",
        "token_ids": "Token ids are not accepted, because every model here has its own tokenizer. Send texts.",
        "empty": "Send at least one text.",
        "too_many_inputs": f"Send at most {MAX_INPUTS:,} texts in a request.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        texts = [data] if isinstance(data, str) else data
        if not isinstance(texts, list):
            self.fail("no_texts")
        if not texts:
            self.fail("empty")
        if len(texts) > MAX_INPUTS:
            self.fail("too_many_inputs")
        if any(isinstance(text, int | list) and not isinstance(text, bool) for text in texts):
            self.fail("token_ids")
        if not all(isinstance(text, str) for text in texts):
            self.fail("no_texts")
        return [self.child.run_validation(text) for text in texts]


class EmbeddingsBody(StrictSerializer):
    model = serializers.CharField(max_length=300, help_text="A name listed by GET /v1/models.")
    input = TextsField()
    encoding_format = serializers.ChoiceField(
        choices=["float", "base64"], default="float", help_text="base64: little-endian float32."
    )
    dimensions = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=MAX_DIMENSIONS,
        help_text="Keep this many leading dimensions, normalised to length 1. For models trained for it.",
    )
    user = serializers.CharField(default="", allow_blank=True, max_length=1_000, help_text="Ignored.")
    input_type = serializers.ChoiceField(
        choices=["document", "query"],
        default="document",
        help_text="Which of the model's prompts to put before each text. Not part of OpenAI's API.",
    )
    truncate = serializers.BooleanField(
        default=False,
        help_text="Truncate texts longer than the model reads; otherwise they are refused. Not part of OpenAI's API.",
    )


@extend_schema_field({"oneOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]})
class EmbeddingField(serializers.Field):
    pass


class EmbeddingSerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    index = serializers.IntegerField()
    embedding = EmbeddingField(help_text="Numbers, or a text if base64 was requested.")


class UsageSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField(help_text="Without the prompt and the model's own special tokens.")
    total_tokens = serializers.IntegerField()


class EmbeddingsSerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    data = EmbeddingSerializer(many=True)  # type: ignore[assignment]
    model = serializers.CharField()
    usage = UsageSerializer()


class OfferedModelSerializer(serializers.Serializer[OfferedEncoder]):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField(help_text="Seconds since 1970.")
    owned_by = serializers.CharField()
    dimensions = serializers.IntegerField()
    max_tokens = serializers.IntegerField()
    index_version = serializers.IntegerField()
    active = serializers.BooleanField(help_text="Whether the site's own searches use it.")


class OfferedModelsSerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    data = OfferedModelSerializer(many=True)  # type: ignore[assignment]


class EmbeddingsView(ReadingView):
    """Texts to vectors, by an encoder of this site."""

    throttle_scope = "embeddings"

    @extend_schema(operation_id="create_embeddings", request=EmbeddingsBody, responses=EmbeddingsSerializer)
    def post(self, request: Request) -> Response:
        parameters = checked(EmbeddingsBody(data=request.data))
        offered = _offered(parameters["model"])
        wanted = EmbeddingRequest(
            texts=parameters["input"],
            as_queries=parameters["input_type"] == "query",
            dimensions=parameters["dimensions"],
            truncate=parameters["truncate"],
        )
        try:
            embeddings = embed(offered.version, wanted)
        except EncodingFailed as error:
            raise serializers.ValidationError({"input": str(error)}, code="encoding_failed") from error
        except EncoderError as error:
            raise Unavailable(str(error), code="encoder_unavailable") from error
        data = list(_described(embeddings.vectors, as_base64=parameters["encoding_format"] == "base64"))
        usage = {"prompt_tokens": embeddings.tokens, "total_tokens": embeddings.tokens}
        return Response({"object": "list", "data": data, "model": offered.name, "usage": usage})


class ModelsView(ReadingView):
    """The models that embeddings are available from."""

    @extend_schema(operation_id="list_models", responses=OfferedModelsSerializer)
    def get(self, request: Request) -> Response:
        return Response({"object": "list", "data": [_described_model(model) for model in offered_encoders()]})


class ModelView(ReadingView):
    """One model."""

    @extend_schema(operation_id="read_model", responses=OfferedModelSerializer)
    def get(self, request: Request, name: str) -> Response:
        return Response(_described_model(_offered(name)))


def _offered(name: str) -> OfferedEncoder:
    if (offered := offered_encoder(name)) is None:
        raise NotFound(f"There is no model {name!r} here. GET /v1/models lists the available ones.", "model_not_found")
    return offered


def _described(vectors: FloatArray, *, as_base64: bool) -> Iterator[Mapping[str, Any]]:
    for index, vector in enumerate(vectors):
        embedding = base64.b64encode(vector.astype("<f4").tobytes()).decode() if as_base64 else vector
        yield {"object": "embedding", "index": index, "embedding": embedding}


def _described_model(offered: OfferedEncoder) -> dict[str, Any]:
    version = offered.version
    return {
        "id": offered.name,
        "object": "model",
        "created": int(version.created_at.timestamp()),
        "owned_by": "searchsite",
        "dimensions": version.dimensions,
        "max_tokens": version.max_tokens,
        "index_version": version.pk,
        "active": version.state == "active",
    }
