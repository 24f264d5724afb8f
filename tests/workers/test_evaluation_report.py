"""The tables of `manage.py evaluate`."""

from workers.evaluation_report import by_method

SERVING = {"method": "serving", "collection": "tiny", "queries": 1200, "ndcg@10": 0.5}
BM25 = SERVING | {"method": "bm25", "ndcg@10": 0.4, "behind_serving": {"mean": 0.1, "low": -0.02, "high": 0.3}}
COLD = {"method": "serving-cold", "collection": "tiny", "users": 7, "ndcg@10": 0.25, "samples": [0.2, 0.3]}


def lines(rows):
    return [line.strip("│┃ ") for line in by_method(rows).splitlines()]


def test_methods_measured_on_the_same_queries_share_a_table():
    printed = lines([SERVING, BM25, COLD])
    assert [line for line in printed if line.startswith("collection")] == [
        "collection tiny, queries 1,200",
        "collection tiny, users 7",
    ]


def test_every_figure_of_a_method_is_in_its_row():
    printed = {line.split()[0]: line.split() for line in lines([SERVING, BM25, COLD]) if line}
    assert printed["bm25"] == ["bm25", "│", "0.4", "│", "+0.1", "(-0.02", "to", "+0.3)"]
    assert printed["serving"] == ["serving", "│", "0.5"]
    assert printed["serving-cold"] == ["serving-cold", "│", "0.25", "│", "[0.2,", "0.3]"]


def test_facts_about_a_method_follow_the_tables():
    loss = {"storage": "half", "searched_exactly": True, "ef_search": None, "loss": 0.001}
    printed = lines([SERVING | {"storage_loss": loss}])
    assert printed[-1] == "storage_loss: storage half, searched_exactly yes, loss 0.001"
