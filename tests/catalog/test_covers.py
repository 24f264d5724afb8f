"""Generated covers: any text gives a valid poster, and the same item always gets the same one."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.covers import cover_svg
from catalog.covers.lettering import fit_title, text_width_em
from catalog.covers.motifs import MOTIFS
from catalog.covers.palettes import PALETTES
from catalog.covers.poster import TITLE_SIZES
from catalog.covers.seed import Seed

SVG = "{http://www.w3.org/2000/svg}"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.encode())  # noqa: S314 - what is parsed was drawn by the code under test


def title_lines(svg: str) -> list[str]:
    return [line.text or "" for line in parse(svg).iter(f"{SVG}tspan")]


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@given(title=ANY_TEXT, subtitle=ANY_TEXT, category=ANY_TEXT, key=ANY_TEXT)
def test_any_text_gives_well_formed_svg_with_the_elements_of_a_poster_only(title, subtitle, category, key):
    root = parse(cover_svg(title=title, subtitle=subtitle, category=category, key=key))

    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 200 300"
    drawn = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert drawn <= {"svg", "g", "path", "circle", "ellipse", "text", "tspan"}


@given(title=ANY_TEXT, key=ANY_TEXT)
def test_the_same_item_always_gets_the_same_cover(title, key):
    first, second = (cover_svg(title=title, subtitle="1999", category="Drama", key=key) for _ in range(2))

    assert first == second


def test_a_cover_does_not_change_from_one_process_to_the_next():
    seed = Seed("wall-e-2008")

    assert [seed.integer(0, 99) for _ in range(4)] == [56, 97, 61, 88]


def test_keys_spread_over_every_motif_and_look_different():
    covers = {cover_svg(title="Same", subtitle="", category="Drama", key=f"film-{n}") for n in range(300)}
    motifs = {Seed(f"film-{n}").choice(MOTIFS) for n in range(300)}

    assert len(covers) > 290
    assert motifs == set(MOTIFS)


def test_one_category_keeps_to_a_few_palettes_and_all_palettes_are_used():
    def grounds(category: str) -> set[str]:
        covers = (cover_svg(title="", subtitle="", category=category, key=str(n)) for n in range(120))
        return {parse(cover)[0].get("fill", "") for cover in covers}

    categories = ["Drama", "Comedy", "Horror", "Western", "Animation", "Musical", "War", "Crime", "Family", "Romance"]

    assert grounds("Drama") == grounds("drama")
    assert all(len(grounds(category)) == 5 for category in categories)
    assert set.union(*map(grounds, categories)) == {palette.ground for palette in PALETTES.values()}


@pytest.mark.parametrize("name", PALETTES)
def test_titles_stand_out_from_their_ground(name):
    palette = PALETTES[name]
    darker, lighter = sorted((luminance(palette.ground), luminance(palette.ink)))

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("motif", MOTIFS, ids=lambda motif: motif.__name__)
def test_every_motif_draws_with_the_palette_it_is_given(motif):
    palette = PALETTES["navy"]

    drawn = parse(f'<svg xmlns="http://www.w3.org/2000/svg">{motif(Seed("x"), palette)}</svg>')

    colours = {element.get(name) for element in drawn.iter() for name in ("fill", "stroke")} - {None, "none"}
    assert palette.shape in colours
    assert colours <= {palette.ground, palette.shape, palette.accent}


def test_a_short_title_is_set_whole_and_as_large_as_possible():
    lettering = fit_title("Heat", width=168, height=64, sizes=TITLE_SIZES)

    assert (lettering.lines, lettering.size) == (("Heat",), 34)


def test_a_longer_title_wraps_between_words_at_a_smaller_size():
    lettering = fit_title("The Grand Budapest Hotel", width=168, height=64, sizes=TITLE_SIZES)

    assert " ".join(lettering.lines) == "The Grand Budapest Hotel"
    assert len(lettering.lines) > 1
    assert lettering.size < 34


def test_a_title_without_spaces_is_broken_and_an_endless_one_ends_with_an_ellipsis():
    unbroken = fit_title("長" * 30, width=168, height=64, sizes=TITLE_SIZES)
    endless = fit_title("never ending " * 60, width=168, height=64, sizes=TITLE_SIZES)

    assert "".join(unbroken.lines) == "長" * 30
    assert endless.lines[-1].endswith("…")


@given(title=ANY_TEXT)
def test_no_line_of_a_title_is_wider_than_the_cover(title):
    lettering = fit_title(title, width=168, height=64, sizes=TITLE_SIZES)

    assert len(lettering.lines) <= 4
    assert all(text_width_em(line) * lettering.size <= 168 for line in lettering.lines)


def test_markup_in_a_title_stays_text():
    cover = cover_svg(title="<script>", subtitle="<b>", category="", key="plain")

    assert "".join(title_lines(cover)).casefold() == "<script>"


def test_an_empty_title_leaves_the_poster_without_words():
    assert title_lines(cover_svg(title="", subtitle="", category="", key="")) == []


def test_a_missing_subtitle_leaves_the_footer_empty_and_a_long_one_is_cut_short():
    def footer(subtitle: str) -> str:
        return (
            parse(cover_svg(title="Heat", subtitle=subtitle, category="Crime", key="k")).findall(f"{SVG}text")[1].text
            or ""
        )

    assert footer("") == ""
    assert footer("1995") == "1995"
    assert footer("directed by somebody with a very long name indeed").endswith("…")
