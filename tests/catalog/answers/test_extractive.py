"""Extractive answers with the real encoder over real films, and without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pgvector import HalfVector

from catalog.answers import extractive
from catalog.answers.answering import answer
from catalog.answers.extractive import MOST_CHARACTERS, MOST_SENTENCES
from catalog.answers.passages import find_passages
from catalog.answers.queries import AnswerQuery
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.items.documents import render_document
from catalog.models import IndexVersion, Passage
from catalog.search import search
from catalog.search.queries import SearchQuery
from tests.checkpoints import write_checkpoint
from tests.factories import make_item, make_version

QUERY = "robot in love"

ANSWERED_BY = [
    ("Who repeats the same day again and again?", "Groundhog Day"),
    ("Which story has a shark in it?", "Jaws"),
    ("How does a jury change its mind?", "12 Angry Men"),
    ("Who keeps grandmother's cancer a secret?", "The Farewell"),
    ("Which robot was left behind on an empty planet?", "WALL-E"),
    ("Where does somebody enter dreams within dreams?", "Inception"),
]


@pytest.fixture
def tiny_version(db: None, tmp_path: Path) -> IndexVersion:
    model = str(write_checkpoint(tmp_path / "model"))
    version = make_version(dimensions=32, backend="transformer", model=model, relevance_cutoff=0.1)
    encoder_for(version.encoder_spec)
    return version


@pytest.mark.usefixtures("films")
@pytest.mark.parametrize(("question", "title"), ANSWERED_BY)
def test_the_first_sentence_comes_from_the_item_that_answers(question: str, title: str):
    found = answer(AnswerQuery(text=question))
    assert found.citations[0].source.item.title == title
    assert found.sentences[0].markers == (1,)
    assert len(found.sentences) <= MOST_SENTENCES
    assert sum(len(sentence.text) for sentence in found.sentences[1:]) <= MOST_CHARACTERS


@pytest.mark.usefixtures("films")
def test_every_sentence_stands_word_for_word_where_its_citation_says():
    version = IndexVersion.objects.active()
    assert version is not None
    for question, _ in ANSWERED_BY:
        found = answer(AnswerQuery(text=question))
        quotes = []
        for citation in found.citations:
            source = citation.source
            document = render_document(source.item, version.document_template)
            assert document[source.start : source.end] == source.text
            quotes += [source.text[start:end] for start, end in citation.quotes]
        assert [sentence.text for sentence in found.sentences] == quotes


@pytest.mark.usefixtures("films")
@pytest.mark.parametrize("question", ["price of bitcoin tomorrow", "qwxz vbnq plmk", "kubernetes ingress yaml"])
def test_nothing_close_is_said(question: str):
    found = answer(AnswerQuery(text=question))
    assert (found.sentences, found.sources) == ((), ())
    assert "Nothing in the catalogue is close" in found.note


@pytest.mark.usefixtures("films")
def test_without_time_to_encode_more_the_first_sentences_are_chosen_from(monkeypatch):
    monkeypatch.setattr(extractive, "ENCODING_BUDGET_S", 0.0)
    found = answer(AnswerQuery(text=ANSWERED_BY[0][0]))
    assert found.citations[0].source.item.title == "Groundhog Day"


@pytest.mark.usefixtures("films")
def test_a_filter_decides_which_items_may_answer():
    found = answer(AnswerQuery(text="Which story has a shark in it?", filter="year < 1970"))
    assert all(source.item.attributes["year"] < 1970 for source in found.sources)
    with pytest.raises(InvalidQuery):
        answer(AnswerQuery(text="shark", filter="year >"))


@pytest.mark.usefixtures("films")
def test_there_are_no_more_passages_than_asked_for():
    assert len(find_passages(AnswerQuery(text="a robot in space", passages=2)).sources) == 2


def test_a_very_good_item_gives_more_than_one_passage(tiny_version):
    """Its second passage is as near as its first; the third is far, and comes after the other item's only one."""
    item = make_item("a", "Robot in love", body="robot in love. robot in love. fog, storm, war")
    other = make_item("b", "Robot", body="robot in love at sea")
    near = encoder_for(tiny_version.encoder_spec).encode_queries([QUERY])[0]
    far = np.roll(near, 1) * np.sign(np.arange(len(near)) % 2 - 0.5)
    middle = near + 0.5 * far
    rows = [(item, 0, near), (item, 1, near), (item, 2, far), (other, 0, middle / np.linalg.norm(middle))]
    template = tiny_version.document_template
    starts = {owner: render_document(owner, template).index(owner.body) for owner in (item, other)}
    for owner, ordinal, vector in rows:
        Passage.objects.create(
            version_id=tiny_version.pk,
            item_id=owner.pk,
            ordinal=ordinal,
            span_start=starts[owner] + 15 * ordinal,
            span_end=starts[owner] + 15 * ordinal + 14,
            embedding=HalfVector(vector.tolist()),
        )
    found = find_passages(AnswerQuery(text=QUERY))
    assert found.degraded_reason == ""
    places = [(source.item.pk, (source.start - starts[source.item]) // 15) for source in found.sources]
    assert places[:3] == [(item.pk, 0), (item.pk, 1), (other.pk, 0)]


@pytest.mark.django_db
def test_close_passages_are_not_crowded_out_by_hits_that_are_not_close():
    make_item("far", "Lighthouse", body="A lighthouse, lighthouse, lighthouse, lighthouse.")
    close = make_item("close", "At last", body="A robot keeps a garden. " + "It waits in the rain and hopes. " * 20)
    make_item("other", "Desert", body="Sand and camels.")
    hits = search(SearchQuery(text="robot garden lighthouse")).hits
    assert [(hit.item.external_id, hit.close) for hit in hits] == [("far", False), ("close", True)]
    (source,) = find_passages(AnswerQuery(text="robot garden lighthouse", passages=1)).sources
    assert source.item == close


@pytest.mark.django_db
def test_the_same_sentence_in_two_items_is_said_once():
    make_item("a", "One robot", body="The robot waits in the rain. It hopes.")
    make_item("b", "Two robots", body="The robot waits in the rain. It sleeps.")
    said = [sentence.text for sentence in answer(AnswerQuery(text="robot waits")).sentences]
    assert said.count("The robot waits in the rain.") == 1


@pytest.mark.django_db
def test_words_of_the_title_count_half_of_those_in_the_sentence():
    make_item("a", "Jaws", body="A shark is eating swimmers off an island.")
    make_item("b", "The sea", body="Jaws are all they talk of.")
    make_item("c", "The deep", body="Water is in it.")

    def said(question: str) -> list[str]:
        return [sentence.text for sentence in answer(AnswerQuery(text=question)).sentences]

    assert said("jaws in deep water") == ["Water is in it."]
    assert said("jaws") == ["Jaws are all they talk of."]


@pytest.mark.django_db
def test_an_item_without_a_text_has_no_passage():
    make_item("a", "Robot")
    found = answer(AnswerQuery(text="robot"))
    assert (found.sentences, found.sources) == ((), ())
