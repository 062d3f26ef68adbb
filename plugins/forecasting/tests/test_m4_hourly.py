"""Real data: what is known of it from the competition is what comes out here."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from suite.evaluation import Pairs
from suite_forecasting.baseline import seasonal_naive
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.metrics import Scoring
from suite_forecasting.options import TableOptions

DATA = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data")) / "m4_hourly"


@pytest.mark.slow
def test_the_seasonal_naive_forecast_has_the_errors_that_are_known_of_it():
    if not DATA.is_dir():
        pytest.skip(f"there is no {DATA}: set SUITE_DATA")
    dataset = load_table(DATA, TableOptions())
    assert (dataset.facts["frequency"], dataset.facts["horizon"], dataset.facts["season"]) == ("h", 48, 24)
    assert len(dataset.test) == 414
    assert dataset.problems == []
    examples = [dataset.test[index] for index in range(len(dataset.test))]
    pairs = Pairs(
        [example.target for example in examples],
        seasonal_naive(dataset.train, examples, dataset.facts),
        [example.id for example in examples],
        facts=dataset.facts,
    )
    scores = Scoring(pairs).score(np.arange(len(examples)))
    assert scores["mase"] == pytest.approx(1.193, abs=5e-4)
    assert scores["smape"] == pytest.approx(13.91, abs=5e-3)
