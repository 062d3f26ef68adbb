"""What fuzzing found: damage that is answered in a sentence, or read as what it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

import suite
from suite_forecasting.codec import ForecastCodec
from suite_forecasting.examples import naive_errors
from suite_forecasting.loaders.gluonts import load_gluonts
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.metrics import Scoring
from suite_forecasting.options import GluonOptions, TableOptions
from suite_forecasting.types import Forecast


def forecast(levels, values):
    return Forecast(name="a", start="0", frequency="", levels=levels, values=values)


@pytest.mark.parametrize(
    ("levels", "values", "message"),
    [
        ([0.1, 0.5], [[1.0, 2.0]], "1 lists of values for 2 levels"),
        ([0.1, 0.5], [[1.0, 2.0], [1.0]], "another number of steps for each level"),
        ([], [], "0 lists of values for 0 levels"),
    ],
)
def test_a_forecast_that_is_no_table_is_refused(levels, values, message):
    pairs = suite.Pairs([[1.0, 2.0]], [forecast(levels, values)], ["a"])
    with pytest.raises(suite.UserError, match=message):
        Scoring(pairs)


def test_differences_beyond_float64_are_no_scale():
    assert naive_errors(np.array([1e308, -1e308, 1e308]), 1).before(3) is None


def test_a_cell_that_holds_several_things_is_text(tmp_path):
    rows = [{"ds": f"2024-01-{day:02}", "y": day, "unique_id": {"of": "a"}} for day in range(1, 29)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    dataset = load_table(tmp_path / "data.jsonl", TableOptions(horizon=3))
    assert dataset.test[0].input.name == "{'of': 'a'}"


@pytest.mark.parametrize("content", ["\ufeff\n \n", "\n\n"])
def test_a_table_of_nothing_is_refused(tmp_path, content):
    (tmp_path / "data.csv").write_bytes(content.encode("utf-16"))
    with pytest.raises(suite.UserError, match=r"data.csv (is empty|has no row)"):
        load_table(tmp_path / "data.csv", TableOptions())


def lines_file(folder, **change):
    row = {"start": "2024-01-01", "freq": "D", "target": list(range(28)), **change}
    (folder / "data.jsonl").write_text(json.dumps(row))
    return folder / "data.jsonl"


@pytest.mark.parametrize("change", [{"start": ["2024"]}, {"feat_dynamic_real": [[10**400] * 28]}])
def test_absurd_lines_are_refused(tmp_path, change):
    with pytest.raises(suite.UserError, match=r"data\.jsonl, line 1"):
        load_gluonts(lines_file(tmp_path, **change), GluonOptions(horizon=3))


def test_a_number_beyond_float64_is_missing(tmp_path):
    path = lines_file(tmp_path, target=[0, 10**400, *range(26)])
    dataset = load_gluonts(path, GluonOptions(horizon=3))
    assert np.isnan(dataset.test[0].input.values[1])
    assert any("no number" in problem for problem in dataset.problems)


def test_a_codec_bounds_what_it_allocates():
    with pytest.raises(suite.UserError, match="context is from 1 to 100,000"):
        ForecastCodec.from_json({"context": 10**15, "horizon": 1, "levels": [0.5]})


def test_a_file_of_no_split_is_named(tmp_path):
    for name in ("train", "test", "notes"):
        lines_file(tmp_path).rename(tmp_path / f"{name}.json")
    dataset = load_gluonts(tmp_path, GluonOptions())
    assert "1 file is of no split and left out: 'notes.json'" in dataset.problems
