"""What an item may contain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.items.checks import (
    DEFAULTS,
    MAX_ATTRIBUTE_NAME,
    MAX_ATTRIBUTES,
    MAX_ATTRIBUTES_BYTES,
    MAX_INTEGER,
    MAX_LENGTHS,
    ItemRefused,
    checked_item,
)

LEAST = {"external_id": "x", "title": "X"}


def refusal(**fields):
    with pytest.raises(ItemRefused) as caught:
        checked_item(LEAST | fields)
    assert caught.value.reason
    return caught.value.field


def test_fields_left_out_get_their_defaults():
    assert checked_item(LEAST) == LEAST | DEFAULTS


def test_blank_ends_are_taken_off():
    item = checked_item({"external_id": " x\n", "title": "\tX ", "body": " b "})
    assert (item["external_id"], item["title"], item["body"]) == ("x", "X", "b")


@pytest.mark.parametrize("field", ["external_id", "title"])
@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_item_needs_an_id_and_a_title(field, value):
    assert refusal(**{field: value}) == field


def test_unknown_fields_are_refused_by_name():
    with pytest.raises(ItemRefused, match=r"colour: Unknown field\. Known: external_id, title, body") as caught:
        checked_item(LEAST | {"colour": "red", "id": 1})
    assert caught.value.field == "colour"


@pytest.mark.parametrize("field", [*MAX_LENGTHS])
@pytest.mark.parametrize("value", [None, 7, True, ["x"], {"a": 1}, b"x"])
def test_texts_are_texts(field, value):
    assert refusal(**{field: value}) == field


@pytest.mark.parametrize("field", ["external_id", "title", "body", "category"])
def test_texts_are_bounded(field):
    longest = "字" * MAX_LENGTHS[field]
    assert checked_item(LEAST | {field: longest})[field] == longest
    assert refusal(**{field: longest + "字"}) == field


@pytest.mark.parametrize("field", ["external_id", "title", "body", "category", "language", "image"])
@pytest.mark.parametrize("character", ["\0", "\ud83c"])
def test_what_no_database_stores_is_refused(field, character):
    assert refusal(**{field: f"a{character}b"}) == field


def test_emoji_and_every_script_are_texts():
    title = "🎬 שלום 東京 नमस्ते \u202e ﷺ"
    assert checked_item(LEAST | {"title": title})["title"] == title


def test_texts_are_kept_composed_and_ids_as_they_are():
    item = checked_item(
        {
            "external_id": "e\u0301",
            "title": "E\u0301te\u0301",
            "category": "Cine\u0301ma",
            "attributes": {"me\u0301tier": "a\u0308", "mots": ["o\u0302", "x"]},
        }
    )
    assert (item["external_id"], item["title"], item["category"]) == ("e\u0301", "Été", "Cinéma")
    assert item["attributes"] == {"métier": "ä", "mots": ["ô", "x"]}


def test_two_names_that_look_the_same_are_refused():
    assert refusal(attributes={"me\u0301tier": 1, "métier": 1}) == "attributes"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "ftp://example.com/a.png", "/a.png", "http://", "data:image/png;base64,x", "http://a b/c"],
)
def test_an_image_is_an_http_address(address):
    assert refusal(image=address) == "image"
    assert checked_item(LEAST | {"image": "https://example.com/a.png"})["image"]


@pytest.mark.parametrize("language", ["e n", "en_GB", "<en>", "日本"])
def test_a_language_is_a_code(language):
    assert refusal(language=language) == "language"
    assert checked_item(LEAST | {"language": "pt-BR"})["language"] == "pt-BR"


@pytest.mark.parametrize("published", ["true", 1, None])
def test_published_is_true_or_false(published):
    assert refusal(published=published) == "published"


@pytest.mark.parametrize(
    "value",
    [None, {"a": 1}, [1], ["a", None], [["a"]], float("nan"), float("inf"), MAX_INTEGER + 1, "a\0", ["\ud800"], b"x"],
)
def test_attribute_values_of_no_known_kind_are_refused_by_their_name(value):
    assert refusal(attributes={"good": 1, "bad": value}) == "attributes.bad"


@pytest.mark.parametrize("value", ["", "x", 0, -1.5, 1e300, MAX_INTEGER, -MAX_INTEGER, True, [], ["a", "b"], "日本 🎬"])
def test_attribute_values_of_every_kind_are_kept(value):
    assert checked_item(LEAST | {"attributes": {"name": value}})["attributes"] == {"name": value}


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b", "\ud800", "x" * (MAX_ATTRIBUTE_NAME + 1), 7])
def test_attribute_names_are_short_and_printable(name):
    assert refusal(attributes={name: 1}) == "attributes"


@pytest.mark.parametrize("attributes", [None, [], "x", 1])
def test_attributes_are_an_object(attributes):
    assert refusal(attributes=attributes) == "attributes"


def test_attributes_are_bounded_in_number_and_bytes():
    most = {f"a{number}": number for number in range(MAX_ATTRIBUTES)}
    assert checked_item(LEAST | {"attributes": most})["attributes"] == most
    assert refusal(attributes=most | {"one more": 1}) == "attributes"
    assert refusal(attributes={"a": "x" * MAX_ATTRIBUTES_BYTES}) == "attributes"
    assert refusal(attributes={"a": "字" * (MAX_ATTRIBUTES_BYTES // 2)}) == "attributes"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*MAX_LENGTHS, "attributes", "published", "other"]), ANYTHING))
def test_whatever_is_given_is_checked_or_refused_and_a_checked_item_passes_again(values):
    try:
        item = checked_item(values)
    except ItemRefused:
        return
    assert checked_item(item) == item
