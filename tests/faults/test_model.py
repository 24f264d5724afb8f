"""The model's files break: search continues by words and says so, and nothing spins."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from tests.checkpoints import write_checkpoint
from tests.faults.site import Site
from tests.folders import reachable_folder
from tests.waiting import wait_until


def test_with_broken_model_files_search_goes_by_words_and_says_why():
    with reachable_folder() as folder:
        model = write_checkpoint(Path(folder) / "model")
        with Site(model=model) as site:
            site.save("lighthouse", "The ghost of the harbour")
            site.wait_until_embedded(timeout_s=90)
            break_model(site, model)
            answer = site.ask("search?q=harbour")
            assert answer.status == 200
            assert answer.body["degraded"] is True
            assert [hit["external_id"] for hit in answer.body["hits"]] == ["lighthouse"]
            wait_until(
                lambda: "cannot be loaded" in site.ask("readyz").body["encoder"],
                timeout_s=60,
                what="the site to say what is wrong with the model",
            )
            assert "cannot be loaded" in site.ask("search?q=harbour").body["degraded_reason"]
            site.save("waiting", "Storm at sea")
            wait_until(lambda: "cannot be loaded" in log_of(site), timeout_s=60, what="the worker to say what is wrong")
            assert busy_share(site) < 0.5
            assert site.unfinished() == 1
            mend_model(site, model)
            site.wait_until_embedded(timeout_s=90)


def break_model(site: Site, model: Path) -> None:
    shutil.copy(model / "model.safetensors", model / "kept")
    (model / "model.safetensors").write_bytes(b"broken")
    restart(site)


def mend_model(site: Site, model: Path) -> None:
    (model / "kept").rename(model / "model.safetensors")
    restart(site)


def restart(site: Site) -> None:
    site.web.stop(timeout_s=5)
    site.embedding_worker.kill()
    site.start_web()
    site.start_embedding_worker()


def log_of(site: Site) -> str:
    return site.log_of("embedding-worker").read_text()


def busy_share(site: Site) -> float:
    """The share of one core that the embedding worker uses, over three seconds."""
    return psutil.Process(site.embedding_worker.pid).cpu_percent(interval=3.0) / 100
