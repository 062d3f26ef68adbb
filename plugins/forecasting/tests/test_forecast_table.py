from __future__ import annotations

from pathlib import Path

import pytest

from suite import UserError
from suite_forecasting.formats.forecast_table import ForecastTable
from suite_forecasting.types import Forecast

FORECAST = Forecast(
    name="a", start="2024-03-30", frequency="ME", levels=[0.1, 0.5], values=[[1.0, 2.0], [3.0, 4.5]]
)


def test_a_row_for_each_step_with_its_quantiles(tmp_path: Path) -> None:
    table = ForecastTable(tmp_path / "out" / "f.csv", {})
    table.add(None, "input", FORECAST)
    table.add(None, "input", Forecast(name="", start="7", frequency="", levels=[0.1, 0.5], values=[[1], [2]]))
    (path,) = table.close()
    assert path.read_text() == (
        "unique_id,ds,y,q0.1,q0.5\na,2024-03-31,3,1,3\na,2024-04-30,4.5,2,4.5\ninput,7,2,1,2\n"
    )


def test_without_forecasts_there_is_a_header(tmp_path: Path) -> None:
    (path,) = ForecastTable(tmp_path, {}).close()
    assert path == tmp_path / "forecasts.csv"
    assert path.read_text() == "unique_id,ds,y\n"
    ForecastTable(tmp_path / "forecasts.csv", {}).close()


def test_what_holds_no_forecasts_is_not_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "data.csv"
    own.write_text("unique_id,ds,y\n")
    ForecastTable(own, {}).close()
    own.write_text("date,value\n")
    with pytest.raises(UserError, match="holds no forecasts"):
        ForecastTable(own, {})
