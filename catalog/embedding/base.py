"""What an encoder is: the protocol, the specification that names one, and the errors it may raise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """Names an encoder exactly: two equal specifications give equal vectors."""

    backend: str = "transformer"
    model: str = "all-MiniLM-L6-v2"
    revision: str = ""
    dimensions: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""
    max_tokens: int | None = None
