"""Generated cover posters for items that have no picture of their own."""

from catalog.covers.poster import cover_svg

__all__ = ["cover_svg"]
