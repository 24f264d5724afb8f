"""Shared by several benchmarks: documents, their vectors, sites, servers to compare with, load, and the report."""
