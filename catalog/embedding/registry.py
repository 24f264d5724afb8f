"""The encoders loaded in this process."""

from __future__ import annotations

from collections.abc import Callable

from catalog.embedding.base import Encoder, EncoderSpec, EncoderUnavailable
from catalog.embedding.loading import Loader


def _transformer(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.transformer import TransformerEncoder

    return TransformerEncoder(spec)


def _static(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.static.encoder import StaticEncoder

    return StaticEncoder(spec)


def _openai(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.openai.encoder import OpenAIEncoder

    return OpenAIEncoder(spec)


def _clip(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.clip import ClipEncoder

    return ClipEncoder(spec)


BACKENDS: dict[str, Callable[[EncoderSpec], Encoder]] = {
    "transformer": _transformer,
    "static": _static,
    "openai": _openai,
    "clip": _clip,
}
#: Backends whose encoders are also an ImageEncoder.
READ_PICTURES = frozenset({"clip"})


def make_encoder(spec: EncoderSpec) -> Encoder:
    """Load an encoder for this caller only; the process does not keep it. Raises EncoderUnavailable."""
    if spec.backend not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise EncoderUnavailable(f"There is no encoder backend {spec.backend!r}. Known: {known}.")
    return BACKENDS[spec.backend](spec)


_encoders: Loader[EncoderSpec, Encoder] = Loader(make_encoder)


def encoder_for(spec: EncoderSpec, *, wait_s: float | None = None) -> Encoder:
    """Return the encoder of a specification, loaded once per process, in its own thread.

    Waits at most `wait_s` seconds, or without limit. Raises EncoderUnavailable if it cannot be loaded or is not there
    in time; loading continues. A failed load is retried after half a minute.
    """
    return _encoders.get(spec, wait_s=wait_s)


def share(encoder: Encoder, spec: EncoderSpec) -> None:
    """Use this encoder for `spec`, which spells out what the encoder found in its files."""
    _encoders.put(spec, encoder)
