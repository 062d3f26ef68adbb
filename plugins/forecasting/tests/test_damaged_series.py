"""What fuzzing found: damage that is answered in a sentence, or read as what it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

import suite
from suite_forecasting.examples import naive_errors
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.metrics import Scoring
from suite_forecasting.options import TableOptions
from suite_forecasting.types import Forecast


def forecast(levels, values):
    return Forecast(name="a", start="0", frequency="", levels=levels, values=values)


@pytest.mark.parametrize(
    ("levels", "values", "message"),
    [
        ([0.1, 0.5], [[1.0, 2.0]], "1 lists of values for 2 levels"),
        ([0.1, 0.5], [[1.0, 2.0], [1.0]], "1 steps and the target 2"),
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
