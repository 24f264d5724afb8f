"""Encoders behind an OpenAI-compatible /embeddings endpoint."""
