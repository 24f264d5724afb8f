"""The flat palettes that cover posters are printed in."""

from dataclasses import dataclass

from catalog.covers.seed import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Four colours: the ground, `ink` for text, and `shape` and `accent` for the motif."""

    ground: str
    shape: str
    accent: str
    ink: str


def _palette(ground: str, shape: str, accent: str, ink: str) -> Palette:
    return Palette(ground=f"#{ground}", shape=f"#{shape}", accent=f"#{accent}", ink=f"#{ink}")


PALETTES = {
    "navy": _palette("16203a", "e8b04a", "c2553f", "f6ecdb"),
    "moss": _palette("4a572a", "c8cf8b", "efe3b5", "f8f6e4"),
    "paper": _palette("ece5d6", "233534", "c9502f", "1b2322"),
    "sky": _palette("cddfeb", "1f4e79", "e0603a", "12283c"),
    "plum": _palette("37163c", "d98cae", "f2c57c", "fbeaf0"),
    "rust": _palette("a34527", "f3d9b8", "3b1a1a", "fff3e3"),
    "rose": _palette("efd2ca", "8c1f3b", "2a1a2b", "2a1a2b"),
    "pine": _palette("12332e", "7fb69a", "e7d9a6", "eef3e6"),
    "cobalt": _palette("1f36a6", "f2f0e6", "f5a623", "f8f6ee"),
    "mustard": _palette("e2b23c", "2b2a33", "b23a2a", "211f27"),
    "mist": _palette("d7dbdb", "56666b", "1d2b30", "1d2b30"),
    "sand": _palette("e9cfa0", "a8432a", "27424a", "2a2320"),
}

PALETTES_PER_CATEGORY = 5


def choose_palette(*, category: str, seed: Seed) -> Palette:
    """Pick one of the few palettes assigned to a category, so that covers of one category look related."""
    names = Seed(f"category:{category.casefold()}").sample(list(PALETTES), PALETTES_PER_CATEGORY)
    return PALETTES[seed.choice(names)]
