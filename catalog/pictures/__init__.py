"""Pictures: where they are, how they are fetched, and how files from untrusted sources are processed."""
