"""Streams texts through the encoder in a separate process, so that its peak memory is theirs alone."""

from __future__ import annotations

import json
import sys

import django

from benchmarks.parts.memory import peak_memory_bytes


def main() -> None:
    count, first = int(sys.argv[1]), int(sys.argv[2])
    django.setup()
    from benchmarks.parts.encoders import encoder_on
    from catalog.embedding.streaming import encode_stream

    texts = (f"film number {number} about the sea and winter nights" for number in range(count))
    done = after_first = 0
    for vectors in encode_stream(encoder_on("auto"), texts):
        done += len(vectors)
        if not after_first and done >= first:
            after_first = peak_memory_bytes()
    print(json.dumps({"first_bytes": after_first, "last_bytes": peak_memory_bytes()}))


if __name__ == "__main__":
    main()
