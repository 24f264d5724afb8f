"""What several benchmarks need: documents, their vectors, sites, servers to compare with, load, and the report."""
