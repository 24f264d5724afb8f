"""Charts compared with values worked out by hand."""

from __future__ import annotations

from dashboard.charts import band, bars, forest_row, sparkline, stacked_bar
from dashboard.templatetags.humanize_index import duration, percent, thousands


def test_sparkline_spreads_points_and_scales_to_the_peak():
    chart = sparkline([0, 5, 10], width=100, height=42)
    assert chart.line == "M0.0 41.0 L50.0 21.0 L100.0 1.0"
    assert chart.area.endswith("L100.0 42.0 L0 42.0 Z")
    assert chart.peak == 10


def test_sparkline_of_nothing_is_flat():
    assert sparkline([0, 0], width=10, height=12).line == "M0.0 11.0 L10.0 11.0"
    assert sparkline([]).line == ""


def test_stacked_bar_fills_the_width_and_leaves_out_empty_parts():
    bar = stacked_bar({"ok": 60, "pending": 0, "bad": 20})
    assert [(part.name, part.start, part.width) for part in bar] == [("ok", 0.0, 75.0), ("bad", 75.0, 25.0)]
    assert stacked_bar({"ok": 0}) == []


def test_bars_are_as_wide_as_their_share_of_the_largest():
    assert [bar.width for bar in bars([5, 20, 0])] == [25.0, 100.0, 0.0]
    assert [bar.width for bar in bars([0, 0])] == [0.0, 0.0]
    assert bars([]) == []


def test_only_a_complete_index_reads_as_100_per_cent():
    assert percent(0.9999) == "99%"
    assert percent(1.0) == "100%"


def test_numbers_read_as_people_write_them():
    assert thousands(9742) == "9,742"
    assert [duration(s) for s in (9, 75, 3700)] == ["9 s", "1 min 15 s", "1 h 1 min"]


def test_a_band_is_drawn_in_stretches_with_gaps_between():
    drawn = band([(0.5, 0.25, 1.0), (0.25, 0.0, 0.5), None, (0.5, 0.0, 1.0)], width=30, height=102)
    # A margin of 1: the largest end, 1, is at 1 and 0 is at 101.
    assert drawn.line == "M0.0 51.0 L10.0 76.0"
    assert drawn.area == "M0.0 1.0 L10.0 51.0 L10.0 101.0 L0.0 76.0 Z"
    assert drawn.dots == [(30.0, 51.0)]
    assert drawn.peak == 1.0


def test_a_band_of_nothing_is_empty():
    drawn = band([None, None], width=30, height=102)
    assert (drawn.line, drawn.area, drawn.dots, drawn.peak) == ("", "", [], 0.0)


def test_an_interval_is_put_on_a_scale_with_zero_in_the_middle():
    row = forest_row(0.0, -0.1, 0.2, reach=0.2)
    assert (row.low, row.point, row.high) == (58.0, 110.0, 214.0)
    assert forest_row(0.0, 0.0, 0.0, reach=0.0).point == 110.0
