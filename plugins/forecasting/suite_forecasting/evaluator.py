"""The evaluation of forecasts: point errors, quantiles, intervals, and which series and steps are hard."""

from __future__ import annotations

from suite.evaluation import Evaluation, Pairs
from suite.options import NoOptions
from suite_forecasting.figures import figures_of
from suite_forecasting.metrics import Scoring


def forecasts(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score forecasts. Each forecast counts alike, whatever the size of its series.

    - `mase`: the mean absolute error of the median, divided by that of the seasonal naive forecast within the
      history (Hyndman and Koehler 2006); forecasts without such an error are left out.
    - `smape`: the mean of 200 |error| / (|forecast| + |value|), in percent.
    - `weighted_quantile_loss`: twice the sum of the pinball losses by the sum of absolute values, as
      a mean over the levels; of all values together, so large series count more.
    - `coverage`: the share of the values within the widest interval.
    - `mae`, `mse`: in the units of the series.

    Raises:
        UserError: for a target that is no list of numbers, or longer than its forecast.
    """
    scoring = Scoring(pairs)
    return Evaluation(
        score=scoring.score,
        details=scoring.details,
        figures=lambda: figures_of(scoring, pairs),
        notes=scoring.notes(),
    )
