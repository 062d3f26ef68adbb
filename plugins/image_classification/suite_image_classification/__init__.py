"""Image classification: the declaration of what this plugin contributes. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite_image_classification.model_options import ApplicationsOptions, PresetOptions, ResidualOptions
from suite_image_classification.options import FolderOptions, TableOptions

TASK = "image-classification"

_CODEC = suite.lazy("suite_image_classification.codec:ImageCodec.from_json")


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The task."""
    return [
        suite.Task(
            name=TASK,
            summary="which class, or which classes, an image shows",
            sample=suite.lazy("suite_image_classification.samples:sample"),
            metric="accuracy",
            builder="residual",
            evaluators=("classification",),
            baseline=suite.lazy("suite_classification.baseline:most_frequent"),
            inspect=suite.lazy("suite_image_classification.inspection:inspect"),
            prediction_type=suite.lazy("suite_classification.types:Classification"),
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [
        suite.DataLoader(
            name="folder",
            task=TASK,
            summary="a folder per class, in a folder, a .zip or a .tar",
            load=suite.lazy("suite_image_classification.loaders:load_folder"),
            detect=suite.lazy("suite_image_classification.loaders:detect_folder"),
            options=FolderOptions,
        ),
        suite.DataLoader(
            name="table",
            task=TASK,
            summary="CSV, TSV or JSON lines with a path and one or several labels per image",
            load=suite.lazy("suite_image_classification.loaders:load_table"),
            detect=suite.lazy("suite_image_classification.loaders:detect_table"),
            options=TableOptions,
        ),
    ]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [
        suite.ModelBuilder(
            name="residual",
            task=TASK,
            summary="a residual network trained from scratch, for small images or for photographs",
            build=suite.lazy("suite_image_classification.builders:residual"),
            codec=_CODEC,
            options=ResidualOptions,
        ),
        suite.ModelBuilder(
            name="applications",
            task=TASK,
            summary="any network of keras.applications, from scratch or fine-tuned",
            build=suite.lazy("suite_image_classification.builders:applications"),
            codec=_CODEC,
            options=ApplicationsOptions,
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="a keras-hub preset, fine-tuned",
            build=suite.lazy("suite_image_classification.builders:preset"),
            codec=_CODEC,
            options=PresetOptions,
        ),
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The scores."""
    return [
        suite.Evaluator(
            name="classification",
            task=TASK,
            summary="accuracy, F1, log loss, calibration, areas under curves, confusion, worst mistakes",
            evaluate=suite.lazy("suite_image_classification.scores:classification"),
        )
    ]
