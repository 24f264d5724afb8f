"""Synthetic catalogues and people."""

from __future__ import annotations

import numpy as np

from benchmarks.parts.chart import Line, line_chart
from benchmarks.parts.community import MOST_LIKES, make_community


def real() -> np.ndarray:
    vectors = np.random.default_rng(1).normal(size=(200, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_community_is_the_same_every_time_and_its_vectors_are_normalised():
    one, again = (make_community(real(), items=500, people=20) for _ in range(2))
    assert (one.vectors == again.vectors).all()
    assert all((a == b).all() for a, b in zip(one.likes, again.likes, strict=True))
    np.testing.assert_allclose(np.linalg.norm(one.vectors, axis=1), 1, rtol=1e-5)


def test_nobody_likes_an_item_twice_and_a_tenth_of_the_items_has_a_quarter_of_the_likes():
    community = make_community(real(), items=500, people=200)
    assert all(len(set(own.tolist())) == len(own) <= MOST_LIKES for own in community.likes)
    counts = np.sort(np.bincount(np.concatenate(community.likes), minlength=500))[::-1]
    assert counts[:50].sum() > counts.sum() / 4
    assert counts[-100:].sum() < counts.sum() / 10


def test_people_like_what_is_close_together():
    community = make_community(real(), items=500, people=100)
    alike = np.mean([(community.subjects[own][:, None] == community.subjects[own]).mean() for own in community.likes])
    by_chance = ((np.bincount(community.subjects) / 500) ** 2).sum()
    assert alike > 1.5 * by_chance


def test_a_chart_names_every_value():
    drawn = line_chart("Growth", ["1", "10"], [Line(name="seconds", values=[2.5, 40.0])])
    assert all(f">{text}<" in drawn for text in ("Growth", "seconds", "1", "10", "2.5", "40"))
    assert drawn.count("<circle") == 2
