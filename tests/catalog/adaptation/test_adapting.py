"""Training an encoder, and keeping the result only if it does better on queries it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from catalog.adaptation.adapting import AdaptationPlan, NotEnoughQueries, adapt_encoder
from catalog.adaptation.examples import Example
from catalog.adaptation.model import TrainableModel
from catalog.adaptation.training import TrainingSettings, train
from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.registry import make_encoder
from tests.catalog.adaptation.tasks import FAST, made_up_collection
from tests.checkpoints import write_checkpoint


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EncoderSpec:
    return EncoderSpec(model=str(write_checkpoint(tmp_path_factory.mktemp("models") / "small", seed=5)))


def told(figures: list[float]) -> Callable[[TrainableModel], float]:
    """A measure that returns made-up figures, one after the other."""
    following = iter(figures)
    return lambda model: next(following)


def examples(count: int) -> list[Example]:
    return [
        Example(query="boat", positive=f"winter {n}", document=f"d{n}", negatives=[], answers={f"d{n}"})
        for n in range(count)
    ]


def test_what_is_better_on_held_out_queries_is_saved_and_loads_as_any_encoder(spec, tmp_path):
    plan = AdaptationPlan(held_out=0.4, training=FAST)
    said: list[str] = []
    collection = made_up_collection()
    adaptation = adapt_encoder(spec, collection, tmp_path / "adapted", plan=plan, report=said.append)
    assert adaptation.better, adaptation.as_json()
    assert adaptation.after - adaptation.before == pytest.approx(adaptation.gain.mean)
    assert adaptation.held_out == round(0.4 * len(collection.queries))
    figures = adaptation.as_json()
    assert figures["queries"]["held_out"] == adaptation.held_out
    assert sum(figures["queries"].values()) == len(collection.queries)
    assert max(figures["stopping_ndcg@10"]["by_epoch"]) > figures["stopping_ndcg@10"]["before"]
    assert "offered" in adaptation.verdict
    assert said[-1] == "Measuring on held-out queries"
    assert (tmp_path / "adapted" / "model.safetensors").is_file()
    old, new = make_encoder(spec), make_encoder(adaptation.spec)
    assert new.dimensions == old.dimensions
    assert (old.encode_queries(["boat cat"]) @ new.encode_queries(["boat cat"]).T).item() < 0.999


def test_what_is_not_better_for_certain_leaves_nothing_behind(spec, tmp_path):
    plan = AdaptationPlan(held_out=0.4, training=replace(FAST, learning_rate=1e-9, most_epochs=1))
    adaptation = adapt_encoder(spec, made_up_collection(), tmp_path / "adapted", plan=plan)
    assert not adaptation.better
    assert "kept" in adaptation.verdict
    assert not (tmp_path / "adapted").exists()


def test_too_few_queries_are_refused(spec, tmp_path):
    few = made_up_collection()
    few = few.asking(list(few.queries)[:30])
    with pytest.raises(NotEnoughQueries, match="known for only 30 queries; at least 67 are needed"):
        adapt_encoder(spec, few, tmp_path / "adapted", plan=AdaptationPlan())


def test_weights_that_are_no_better_are_put_back(spec):
    model = TrainableModel(spec)
    before = model.encode_queries(["boat"])
    figures = told([0.5, 0.4, 0.3, 0.9])
    trained = train(model, examples(8), [], figure=figures, settings=TrainingSettings())
    # Worse after the first epoch and after the second, so that there is no third.
    assert (trained.before, trained.by_epoch, trained.kept) == (0.5, (0.4, 0.3), "the old weights")
    assert not trained.changed
    np.testing.assert_allclose(model.encode_queries(["boat"]), before, atol=1e-6)


def test_the_mean_of_old_and_new_weights_is_kept_where_it_is_as_good(spec):
    settings = TrainingSettings(learning_rate=1e-3, most_epochs=1)
    kept = {}
    for name, figures in {"new": [0.5, 0.6, 0.55], "mean": [0.5, 0.6, 0.6], "old": [0.5, 0.4]}.items():
        model = TrainableModel(spec)
        trained = train(model, examples(8), [], figure=told(figures), settings=settings)
        kept[name] = (trained.kept, model.encode_queries(["boat"])[0])
    assert [what for what, _ in kept.values()] == [
        "epoch 1",
        "the mean of the old weights and those of epoch 1",
        "the old weights",
    ]
    old, new, mean = kept["old"][1], kept["new"][1], kept["mean"][1]
    assert old @ new < old @ mean < 1 - 1e-6


def test_the_same_seed_gives_the_same_weights(spec):
    vectors = []
    for seed in (1, 1, 2):
        model = TrainableModel(spec)
        settings = TrainingSettings(learning_rate=1e-3, most_epochs=1, seed=seed)
        train(model, examples(40), examples(8), figure=told([0.5, 0.6, 0.55]), settings=settings)
        vectors.append(model.encode_queries(["boat cat"])[0])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert vectors[0] @ vectors[2] < 1 - 1e-7


def test_only_transformers_can_be_adapted():
    with pytest.raises(EncoderUnavailable, match="Only transformers can be adapted"):
        TrainableModel(EncoderSpec(backend="static", model="words"))
