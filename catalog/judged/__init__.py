"""Queries whose answers are known, and what encoders make of them."""
