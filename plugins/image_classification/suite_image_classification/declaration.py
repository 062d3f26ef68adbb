"""What this plugin contributes. Nothing heavy is imported here."""

from __future__ import annotations

import suite
from suite.widgets import ImageInput, LabelsOutput, Widgets
from suite_classification.declaration import BASELINE, CHECK, FACTS, METRICS, PERFECT, PREDICTION
from suite_image_classification.options import (
    ApplicationsOptions,
    FolderOptions,
    ImagePredictionOptions,
    ParquetOptions,
    PresetOptions,
    ResidualOptions,
    TableOptions,
)

TASK = "image-classification"

CODEC = suite.lazy("suite_image_classification.codec:ImageCodec.from_json")


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
            baseline=BASELINE,
            inspect=suite.lazy("suite_image_classification.inspection:inspect"),
            preview=suite.lazy("suite_image_classification.preview:preview"),
            check=CHECK,
            explain=suite.lazy("suite_image_classification.explanation:explain"),
            facts=FACTS,
            prediction_type=PREDICTION,
            types="suite_image_classification.types",
            templates="suite_image_classification.templates",
            perfect=PERFECT,
            widgets=Widgets(input=ImageInput(), outputs=(LabelsOutput(label="label", scores="scores"),)),
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats."""
    return [
        suite.DataLoader(
            name="folder",
            task=TASK,
            summary="a folder per class, in a folder, a .zip or a .tar",
            load=suite.lazy("suite_image_classification.loaders.folder:load"),
            detect=suite.lazy("suite_image_classification.loaders.folder:detect"),
            options=FolderOptions,
            write_sample=suite.lazy("suite_image_classification.loaders.sample_files:write_folder"),
            fallback=True,
        ),
        suite.DataLoader(
            name="table",
            task=TASK,
            summary="CSV, TSV, JSON, Excel or Parquet with a path and one or several labels per image",
            load=suite.lazy("suite_image_classification.loaders.table:load"),
            detect=suite.lazy("suite_image_classification.loaders.table:detect"),
            options=TableOptions,
            write_sample=suite.lazy("suite_image_classification.loaders.sample_files:write_table"),
            fallback=True,
        ),
        suite.DataLoader(
            name="parquet",
            task=TASK,
            summary="Parquet tables with the images in them, as Hugging Face has them",
            load=suite.lazy("suite_image_classification.loaders.parquet:load"),
            detect=suite.lazy("suite_image_classification.loaders.parquet:detect"),
            options=ParquetOptions,
            write_sample=suite.lazy("suite_image_classification.loaders.sample_files:write_parquet"),
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
            codec=CODEC,
            options=ResidualOptions,
            prediction_options=ImagePredictionOptions,
            quick={"model.width": 8, "model.size": 16, "training.epochs": 6},
        ),
        suite.ModelBuilder(
            name="applications",
            task=TASK,
            summary="any network of keras.applications, from scratch or fine-tuned",
            build=suite.lazy("suite_image_classification.builders:applications"),
            codec=CODEC,
            options=ApplicationsOptions,
            prediction_options=ImagePredictionOptions,
            quick={
                "model.size": 32,
                "model.flip": False,
                "model.rotate": 0.0,
                "model.crop": 1.0,
                "model.color_jitter": 0.0,
                "model.translate": 0.0,
                "model.dropout": 0.0,
                "training.epochs": 10,
                "training.learning_rate": 0.001,
            },
            pretrained=suite.lazy("suite_image_classification.pretrained:applications"),
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="a keras-hub preset, fine-tuned",
            build=suite.lazy("suite_image_classification.presets.builder:build"),
            codec=CODEC,
            options=PresetOptions,
            prediction_options=ImagePredictionOptions,
            pretrained=suite.lazy("suite_image_classification.pretrained:presets"),
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
            evaluate=suite.lazy("suite_image_classification.evaluator:evaluate"),
            metrics=METRICS,
        )
    ]
