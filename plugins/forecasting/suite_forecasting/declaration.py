"""What the plugin contributes. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite.widgets import SeriesOutput, TableInput, Widgets
from suite_forecasting.options import (
    DenseOptions,
    GluonOptions,
    LinearOptions,
    MixerOptions,
    RecurrentOptions,
    TableOptions,
    TsfOptions,
)

TASK = "forecasting"
CODEC = suite.lazy("suite_forecasting.codec:ForecastCodec.from_json")


_QUICK = {"training.epochs": 40, "training.learning_rate": 0.01}
"""With which a network learns a few windows in seconds."""


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The task."""
    return [
        suite.Task(
            name=TASK,
            summary="how time series go on, with intervals",
            sample=suite.lazy("suite_forecasting.samples:sample"),
            metric="mase",
            builder="dense",
            evaluators=("forecasts",),
            baseline=suite.lazy("suite_forecasting.baseline:seasonal_naive"),
            reference_models={
                "AutoETS": suite.lazy("suite_forecasting.reference_models:auto_ets"),
                "Theta": suite.lazy("suite_forecasting.reference_models:theta"),
            },
            inspect=suite.lazy("suite_forecasting.inspection:inspect"),
            preview=suite.lazy("suite_forecasting.preview:preview"),
            check=suite.lazy("suite_forecasting.contract:check"),
            facts=suite.lazy("suite_forecasting.contract:facts"),
            prediction_type=suite.lazy("suite_forecasting.types:Forecast"),
            perfect=suite.lazy("suite_forecasting.samples:perfect"),
            widgets=Widgets(
                input=TableInput(
                    label="A table with the values so far",
                    placeholder="date,value\n2026-01-01,12.5\n2026-01-02,13.1\n…",
                ),
                outputs=(
                    SeriesOutput(
                        values="values", levels="levels", start="start", frequency="frequency", name="name"
                    ),
                ),
            ),
            formats={"csv": suite.lazy("suite_forecasting.formats.forecast_table:ForecastTable")},
            types="suite_forecasting.types",
            templates="suite_forecasting.templates",
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [
        suite.DataLoader(
            name="table",
            task=TASK,
            summary="tables of rows with a time and a value (and an id), or with a column for each series",
            load=suite.lazy("suite_forecasting.loaders.tables:load_table"),
            detect=suite.lazy("suite_forecasting.loaders.detection:detect_table"),
            options=TableOptions,
            write_sample=suite.lazy("suite_forecasting.samples:write_table"),
            fallback=True,
        ),
        suite.DataLoader(
            name="gluonts",
            task=TASK,
            summary='JSON lines with a series each, as GluonTS has them: {"start": ..., "target": [...]}',
            load=suite.lazy("suite_forecasting.loaders.gluonts:load_gluonts"),
            detect=suite.lazy("suite_forecasting.loaders.detection:detect_gluonts"),
            options=GluonOptions,
            write_sample=suite.lazy("suite_forecasting.samples:write_gluonts"),
        ),
        suite.DataLoader(
            name="tsf",
            task=TASK,
            summary="the .tsf files of the Monash archive",
            load=suite.lazy("suite_forecasting.loaders.tsf:load_tsf"),
            detect=suite.lazy("suite_forecasting.loaders.tsf:detect_tsf"),
            options=TsfOptions,
            write_sample=suite.lazy("suite_forecasting.samples:write_tsf"),
        ),
    ]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [
        suite.ModelBuilder(
            name="dense",
            task=TASK,
            summary="dense layers with linear maps beside them; for little data, linear maps alone",
            build=suite.lazy("suite_forecasting.builders:dense"),
            codec=CODEC,
            options=DenseOptions,
            quick={**_QUICK, "model.members": 2},
        ),
        suite.ModelBuilder(
            name="linear",
            task=TASK,
            summary="linear in what was (DLinear, NLinear): small and fast",
            build=suite.lazy("suite_forecasting.builders:linear"),
            codec=CODEC,
            options=LinearOptions,
            quick=_QUICK,
        ),
        suite.ModelBuilder(
            name="mixer",
            task=TASK,
            summary="mixes across periods, and within each (TSMixer)",
            build=suite.lazy("suite_forecasting.builders:mixer"),
            codec=CODEC,
            options=MixerOptions,
            quick={**_QUICK, "model.depth": 1},
        ),
        suite.ModelBuilder(
            name="recurrent",
            task=TASK,
            summary="gated recurrent units that read period by period",
            build=suite.lazy("suite_forecasting.builders:recurrent"),
            codec=CODEC,
            options=RecurrentOptions,
        ),
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The metrics and figures."""
    return [
        suite.Evaluator(
            name="forecasts",
            task=TASK,
            summary="MASE, sMAPE, weighted quantile loss, coverage; errors by step and by series",
            evaluate=suite.lazy("suite_forecasting.evaluator:forecasts"),
            metrics={
                "mase": suite.Metric(label="MASE", higher_is_better=False),
                "smape": suite.Metric(label="sMAPE", higher_is_better=False, unit="%"),
                "weighted_quantile_loss": suite.Metric(
                    label="weighted quantile loss", higher_is_better=False
                ),
                "coverage": suite.Metric(label="coverage"),
                "mae": suite.Metric(label="MAE", higher_is_better=False),
                "mse": suite.Metric(label="MSE", higher_is_better=False),
            },
        )
    ]
