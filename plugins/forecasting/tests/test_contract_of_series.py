from __future__ import annotations

import numpy as np
import pytest

from suite import Pairs, UserError
from suite.data import Dataset, Example
from suite.options import NoOptions
from suite_forecasting.baseline import seasonal_naive
from suite_forecasting.contract import check, facts
from suite_forecasting.evaluator import forecasts
from suite_forecasting.types import History


def test_lists_of_numbers_have_facts_and_scores() -> None:
    dataset = Dataset.of([[1, 2, 3], [2, 4, None]], [[4, 5], [8]], test=([[1, 3]], [[5, 8]]))
    found = facts(dataset)
    assert found == {
        "horizon": 2, "frequency": "", "season": 1, "known": [], "past": [], "naive_error": 1.5,
    }  # fmt: skip
    dataset = Dataset.of([[1, 2, 3]], [[4, 5]], test=([[1, 3]], [[5, 8]]), facts=dict(found))
    check(dataset)
    assert dataset.test is not None
    predictions = seasonal_naive(dataset.train, [dataset.test[0]], found)
    pairs = Pairs([dataset.test[0].target], predictions, ["a"], facts=found)
    scores = forecasts(pairs, NoOptions()).score(np.array([0]))
    assert scores["mase"] == pytest.approx((2 + 5) / 2 / 1.5)


HISTORY = History(values=np.arange(5.0), start="2024-01-01", frequency="D")


@pytest.mark.parametrize(
    ("example", "more", "said"),
    [
        (Example("a", HISTORY, [1.0, 2.0, 3.0]), {}, "target has 3 values, and the horizon is 2"),
        (Example("a", HISTORY, []), {}, "target has 0 values"),
        (Example("a", HISTORY, "up"), {}, "no list of numbers"),
        (Example("a", HISTORY, {"naive_error": 1.0}), {}, "no list of numbers"),
        (Example("a", "text", [1.0]), {}, "the input is a str"),
        (Example("a", HISTORY, [1.0]), {"known": ["price"]}, "0 covariates in 'known'"),
        (Example("a", HISTORY, [1.0]), {"horizon": 0}, "fact 'horizon'"),
        (Example("a", HISTORY, [1.0]), {"frequency": "often"}, "no frequency"),
    ],
)
def test_data_that_is_no_series_is_refused(example: Example, more: dict[str, object], said: str) -> None:
    known = {"horizon": 2, "frequency": "D", "season": 7, "known": [], "past": [], **more}
    with pytest.raises(UserError, match=said):
        check(Dataset(train=[example], facts=known))
