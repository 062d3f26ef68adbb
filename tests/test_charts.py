"""Charts are well-formed SVG that shows what it was given, whatever that was."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.charts import Axes, Band, Line, interval_chart, line_chart, thinned
from suite.matrix_charts import matrix_chart

SVG = "{http://www.w3.org/2000/svg}"
numbers = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, 0.0])


def texts(svg: str) -> list[str]:
    return ["".join(found.itertext()) for found in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_line_goes_through_its_points():
    svg = ET.fromstring(line_chart("x", [Line(name="a", x=[0, 1, 2], y=[0, 4, 1])]))
    (line,) = svg.iter(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] < points[2][1] < points[0][1]  # up is less


def test_what_is_not_finite_breaks_the_line():
    svg = line_chart("x", [Line(name="", x=[0, 1, 2, 3, 4], y=[1, 2, math.nan, 3, 4])])
    assert svg.count("<polyline") == 2


def test_a_lone_point_is_a_dot():
    assert "<circle" in line_chart("x", [Line(name="", x=[1], y=[2])])


def test_a_band_is_between_its_edges_and_breaks_where_either_is_missing():
    band = Band(name="80 %", x=[0, 1, 2, 3, 4], low=[0, 1, math.nan, 1, 2], high=[2, 3, 3, 4, 8])
    svg = line_chart("x", [Line(name="median", x=[0, 4], y=[1, 5])], bands=[band])
    first, second = ET.fromstring(svg).iter(f"{SVG}polygon")
    points = [tuple(map(float, point.split(","))) for point in first.attrib["points"].split()]
    assert len(points) == len(second.attrib["points"].split()) == 4
    assert points[0][0] == points[3][0] < points[1][0] == points[2][0]
    assert points[3][1] < points[0][1]  # the upper edge is above the lower one
    assert {"80 %", "8"} <= set(texts(svg))  # the axes have room for the band


def test_many_decades_are_logarithmic():
    assert {"0.0001", "0.01", "1"} <= set(texts(line_chart("x", [Line(name="", x=[0, 1], y=[1e-4, 1])])))


def test_epochs_are_marked_as_whole_numbers():
    svg = line_chart("x", [Line(name="", x=[1, 2, 3], y=[0, 0, 0])], whole_x=True)
    assert {"1", "2", "3"} <= set(texts(svg))
    assert "1.5" not in texts(svg)


def test_names_cannot_become_markup():
    evil = '<script>"&'
    svg = matrix_chart(evil, np.array([[1, 2], [3, 4]]), [evil, "b"], row_label=evil, column_label=evil)
    assert "<script>" not in svg
    assert evil in texts(svg)


def test_counts_are_written_where_there_is_room():
    assert "7" in texts(
        matrix_chart("x", np.eye(3, dtype=int) * 7, ["a", "b", "c"], row_label="", column_label="")
    )


@pytest.mark.parametrize("size", [1, 2, 16, 17, 40, 41, 100])
def test_a_matrix_of_any_size_is_well_formed_and_small(size):
    counts = np.random.default_rng(0).integers(0, 50, (size, size))
    names = [f"class number {index}" for index in range(size)]
    svg = matrix_chart("x", counts, names, row_label="true", column_label="taken for")
    ET.fromstring(svg)
    assert len(svg) < 700_000


def test_a_row_without_examples_is_empty():
    ET.fromstring(matrix_chart("x", np.zeros((2, 2), int), ["a", "b"], row_label="", column_label=""))


@given(st.lists(st.tuples(numbers, numbers), max_size=8))
def test_any_numbers_give_a_chart_without_nonsense(points):
    svg = line_chart("x", [Line(name="a", x=[x for x, _ in points], y=[y for _, y in points])])
    ET.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_an_interval_chart_stays_inside(value, reference, other):
    low, high = sorted((reference, other))
    svg = ET.fromstring(interval_chart("x", value, (low, high), reference, "score"))
    assert all(10 <= float(found.attrib["cx"]) <= 550 for found in svg.iter(f"{SVG}circle"))


def test_equal_data_gives_equal_bytes():
    def draw() -> str:
        axes = Axes("x", x_range=(0, 1), y_range=(0, 1))
        axes.bar((0, 0.5), (0, 0.3), 0, title="t")
        return axes.svg()

    assert draw() == draw()


def test_a_thinned_curve_keeps_its_ends_its_order_and_its_steps():
    x, y = np.linspace(0, 1, 100_000), np.repeat([1.0, 0.0], 50_000)
    thin_x, thin_y = thinned(x, y)
    assert len(thin_x) <= 122
    assert (thin_x[0], thin_x[-1]) == (0, 1)
    assert (np.diff(thin_x) > 0).all()
    above = thin_x[thin_y == 1]
    assert above[-1] == pytest.approx(0.5, abs=0.02)
    assert len(thinned(x[:50], y[:50])[0]) == 50
