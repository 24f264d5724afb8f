"""Search by picture in a real browser: a picture chosen, dropped, and kept while somebody types on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import encoder_for
from catalog.items.saving import save_items
from catalog.models import Item
from tests.clip_checkpoints import COLOURS, picture, write_colours
from tests.factories import add_passages, make_version
from tests.picture_server import file_of

DROP = """async ([name, numbers]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(numbers)], name, {type: "image/png"}));
    document.getElementById("find").dispatchEvent(
        new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files}));
}"""


@pytest.fixture
def pictured(transactional_db: None, tmp_path: Path) -> None:
    model = str(write_colours(tmp_path / "colours"))
    save_items([{"external_id": name, "title": f"The {name} thing"} for name in COLOURS])
    encoder = encoder_for(EncoderSpec(backend="clip", model=model))
    version = make_version(dimensions=encoder.dimensions, backend="clip", model=model, relevance_cutoff=-1.0)
    ids = Item.objects.ids_by_external_id(COLOURS)
    vectors = encoder.encode_documents(COLOURS)
    add_passages(version, {ids[name]: [vector.tolist()] for name, vector in zip(COLOURS, vectors, strict=True)})


def first_hit(page: Page) -> Any:
    return page.locator(".hit__title").first


def test_a_picture_is_chosen_or_dropped_and_stays_while_words_are_typed(
    pictured: None, live_server: Any, browser: Browser, tmp_path: Path
):
    blue = tmp_path / "blue.png"
    blue.write_bytes(file_of(picture("blue")))
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto("/search")
    page.get_by_label("Search by picture").first.click()
    page.locator("#picture-file").set_input_files(blue)
    page.wait_for_url(re.compile("picture="))
    expect(page.get_by_alt_text("The picture you search with")).to_be_visible()
    expect(first_hit(page)).to_contain_text("blue")
    page.locator("#q").fill("thing")
    page.wait_for_url(re.compile(r"q=thing.*picture="), timeout=30_000)
    expect(page.get_by_text("Like this picture and “thing”")).to_be_visible()
    page.evaluate(DROP, ["red.png", list(file_of(picture("red")))])
    expect(first_hit(page)).to_contain_text("red")
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_alt_text("The picture you search with")).to_have_count(0)
    context.close()
