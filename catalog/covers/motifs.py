"""Geometric motifs for the upper two thirds of a cover, each drawn in a 200 x 200 field."""

import math
from collections.abc import Callable

from catalog.covers.palettes import Palette
from catalog.covers.seed import Seed

FIELD = 200

Motif = Callable[[Seed, Palette], str]


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _circle(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{fill}"/>'


def _path(data: str, fill: str, opacity: float = 1) -> str:
    faded = "" if opacity == 1 else f' fill-opacity="{opacity:.2f}"'
    return f'<path d="{data}" fill="{fill}"{faded}/>'


def planes(seed: Seed, palette: Palette) -> str:
    """Three sheets of colour that meet at one point."""
    top, bottom = seed.integer(80, 160), seed.integer(30, 110)
    x, y = (top + bottom) // 2, seed.integer(70, 130)
    return (
        _path(f"M0 0H{top}L{x} {y}L{bottom} 200H0z", palette.shape)
        + _path(f"M{top} 0H200V{y - 20}L{x} {y}z", palette.accent)
        + _path(f"M200 {y - 20}V200H{bottom}L{x} {y}z", palette.shape, 0.45)
    )


def sunset(seed: Seed, palette: Palette) -> str:
    """A disc sinking behind bands that widen towards the horizon."""
    x, radius = seed.integer(76, 124), seed.integer(46, 62)
    bands, y = [], 104.0
    for index in range(7):
        height = 4 + 1.7 * index
        bands.append(f"M0 {_number(y)}h200v{_number(height)}H0z")
        y += 12.6 + 0.6 * index
    horizon = f'<path d="M0 196h200" stroke="{palette.accent}" stroke-width="3"/>'
    return _circle(x, 96, radius, palette.shape) + _path("".join(bands), palette.ground) + horizon


def rays(seed: Seed, palette: Palette) -> str:
    """Beams from a half-risen sun."""
    x, count = seed.integer(40, 160), seed.choice([22, 26, 30])
    beams = []
    for index in range(count):
        start, stop = (2 * math.pi * (index + share) / count for share in (0, 0.5))
        edge = [f"{_number(x + 330 * math.cos(a))} {_number(200 + 330 * math.sin(a))}" for a in (start, stop)]
        beams.append(f"M{x} 200L{edge[0]} {edge[1]}z")
    return _path("".join(beams), palette.shape, 0.9) + _circle(x, 200, seed.integer(34, 46), palette.accent)


def tiles(seed: Seed, palette: Palette) -> str:
    """A chequer of quarter discs, some left out."""
    side = seed.choice([40, 50])
    quarters = (
        "M0 0h{s}A{s} {s} 0 0 1 0 {s}z",
        "M{s} 0v{s}A{s} {s} 0 0 1 0 0z",
        "M{s} {s}h-{s}A{s} {s} 0 0 1 {s} 0z",
        "M0 {s}v-{s}A{s} {s} 0 0 1 {s} {s}z",
    )
    drawn = []
    for x in range(0, FIELD, side):
        for y in range(0, FIELD, side):
            fill = seed.choice([palette.shape] * 6 + [palette.accent, palette.ground])
            quarter = _path(seed.choice(quarters).format(s=side), fill)
            drawn.append(f'<g transform="translate({x} {y})">{quarter}</g>')
    return "".join(drawn)


def moire(seed: Seed, palette: Palette) -> str:
    """Two gratings at a small angle, with a disc cut out of both."""
    lean, radius = seed.integer(24, 60), seed.integer(30, 42)
    upright = "".join(f"M{x} 0v200" for x in range(2, FIELD, 8))
    leaning = "".join(f"M{x} 0l{lean} 200" for x in range(-60, FIELD, 9))
    gratings = f'<path d="{upright}" stroke="{palette.shape}" stroke-width="2.4"/>'
    gratings += f'<path d="{leaning}" stroke="{palette.accent}" stroke-width="1.6"/>'
    return gratings + _circle(seed.integer(70, 130), seed.integer(80, 120), radius, palette.ground)


def rainbow(seed: Seed, palette: Palette) -> str:
    """Rings that spread from a corner."""
    x, step = seed.choice([0, FIELD]), seed.choice([22, 25, 29])
    rings = [palette.shape, palette.ground, palette.accent, palette.ground]
    return "".join(_circle(x, 0, step * (8 - index), rings[index % 4]) for index in range(8))


def waves(seed: Seed, palette: Palette) -> str:
    """A disc above rolling bands."""
    phase = seed.integer(0, 62) / 10
    drawn = [_circle(seed.integer(50, 150), seed.integer(42, 54), 24, palette.accent)]
    for band in range(7):
        base = 62 + 20 * band
        crests = [base + 13 * math.sin(phase + band * 0.7 + x / 32) for x in range(0, FIELD + 1, 10)]
        line = "".join(f"L{10 * index} {_number(y)}" for index, y in enumerate(crests))
        data = f"M0 200{line}V200z"
        drawn.append(_path(data, palette.ground) if band % 2 else _path(data, palette.shape, 0.9 - 0.1 * band))
    return "".join(drawn)


def skyline(seed: Seed, palette: Palette) -> str:
    """Towers of uneven height, one of them lit."""
    width, lit = 20, seed.integer(0, 9)
    towers = []
    for index in range(FIELD // width):
        top, opacity = seed.integer(36, 160), seed.choice([0.46, 0.72, 1.0])
        data = f"M{index * width} {top}h{width}V200h-{width}z"
        towers.append(_path(data, palette.accent) if index == lit else _path(data, palette.shape, opacity))
    return "".join(towers)


def squares(seed: Seed, palette: Palette) -> str:
    """Nested squares that drift off centre, with a lit core."""
    drift_x, drift_y = seed.integer(-4, 4), seed.integer(-4, 4)
    drawn = []
    for index in range(6):
        half = 88 - 14.5 * index
        x, y = 100 + drift_x * index - half, 100 + drift_y * index - half
        fill = palette.accent if index == 5 else (palette.ground if index % 2 else palette.shape)
        drawn.append(_path(f"M{_number(x)} {_number(y)}h{2 * half:g}v{2 * half:g}h-{2 * half:g}z", fill))
    return "".join(drawn)


def orbits(seed: Seed, palette: Palette) -> str:
    """Tilted orbits around a star, with one planet."""
    x, y, tilt = seed.integer(78, 132), seed.integer(86, 116), seed.integer(-32, 32)
    drawn = []
    for index in range(7):
        radius, width = 22 + 18 * index, 1 if index % 3 else 2.4
        drawn.append(f'<ellipse cx="{x}" cy="{y}" rx="{radius}" ry="{radius * 0.62:.1f}" stroke-width="{width}"/>')
    angle = seed.integer(0, 62) / 10
    planet = _circle(x + 76 * math.cos(angle), y + 47.1 * math.sin(angle), 6, palette.shape)
    rings = f'<g fill="none" stroke="{palette.shape}">{"".join(drawn)}</g>'
    return f'<g transform="rotate({tilt} {x} {y})">{rings}{planet}</g>' + _circle(x, y, 15, palette.accent)


def halftone(seed: Seed, palette: Palette) -> str:
    """Dots that shrink away from a bright spot."""
    x, y = seed.integer(40, 160), seed.integer(36, 76)
    dots = []
    for row in range(12):
        for column in range(13):
            dot_x, dot_y = 16 * column + 8 * (row % 2), 10 + 16 * row
            radius = 7.4 - 0.046 * math.hypot(dot_x - x, dot_y - y)
            if radius >= 1:
                dots.append(f'<circle cx="{dot_x}" cy="{dot_y}" r="{radius:.1f}"/>')
    return f'<g fill="{palette.shape}">{"".join(dots)}</g>' + _circle(x, y, 15, palette.accent)


def discs(seed: Seed, palette: Palette) -> str:
    """Two overlapping discs, like lenses."""
    radius, y = seed.integer(48, 60), seed.integer(84, 104)
    x = seed.integer(66, 82)
    near = f'<circle cx="{x + radius}" cy="{y + seed.integer(8, 34)}" r="{radius}" fill="{palette.accent}"'
    return _circle(x, y, radius, palette.shape) + near + ' fill-opacity=".82"/>'


MOTIFS: tuple[Motif, ...] = (
    planes,
    sunset,
    rays,
    tiles,
    moire,
    rainbow,
    waves,
    skyline,
    squares,
    orbits,
    halftone,
    discs,
)
