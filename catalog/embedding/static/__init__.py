"""Encoders without a network: every word has a vector, and a text is their weighted mean."""
