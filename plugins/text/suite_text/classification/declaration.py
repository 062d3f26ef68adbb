"""What the plugin contributes to text classification."""

from __future__ import annotations

import suite
from suite.widgets import LabelsOutput, TextInput, Widgets
from suite_classification.declaration import BASELINE, FACTS, METRICS, PERFECT, PREDICTION
from suite_text.classification.options import (
    BagOptions,
    ConvolutionalOptions,
    EncoderOptions,
    FolderOptions,
    LabeledLinesOptions,
    PredictionOptions,
    PresetOptions,
    TableOptions,
)

NAME = "text-classification"

_CODEC = suite.lazy("suite_text.classification.codec:ClassificationCodec.from_json")

TASK = suite.Task(
    name=NAME,
    summary="which class, or which classes, a text is of",
    sample=suite.lazy("suite_text.classification.samples:sample"),
    metric="accuracy",
    builder="bag",
    evaluators=("classification",),
    baseline=BASELINE,
    reference_models={
        "TF-IDF with a linear SVM": suite.lazy("suite_text.classification.linear_reference:linear_svm")
    },
    explain=suite.lazy("suite_text.classification.explanation:explain"),
    inspect=suite.lazy("suite_text.classification.inspection:inspect"),
    preview=suite.lazy("suite_text.preview:preview_labeled"),
    check=suite.lazy("suite_text.classification.contract:check"),
    facts=FACTS,
    prediction_type=PREDICTION,
    formats={"csv": suite.lazy("suite_text.formats.class_table:ClassTable")},
    types="suite_text.classification.types",
    templates="suite_text.classification.templates",
    perfect=PERFECT,
    widgets=Widgets(input=TextInput(), outputs=(LabelsOutput(label="label", scores="scores"),)),
)

LOADERS: list[suite.DataLoader] = [
    suite.DataLoader(
        name="table",
        task=NAME,
        summary="CSV, TSV or JSON lines with a text and one or several labels per row",
        load=suite.lazy("suite_text.classification.loaders.tables:load_table"),
        detect=suite.lazy("suite_text.classification.loaders.detection:detect_table"),
        options=TableOptions,
        write_sample=suite.lazy("suite_text.classification.loaders.sample_files:write_table"),
        fallback=True,
    ),
    suite.DataLoader(
        name="folder",
        task=NAME,
        summary="a folder of .txt files per class",
        load=suite.lazy("suite_text.classification.loaders.folder:load_folder"),
        detect=suite.lazy("suite_text.classification.loaders.detection:detect_folder"),
        options=FolderOptions,
        write_sample=suite.lazy("suite_text.classification.loaders.sample_files:write_folder"),
        fallback=True,
    ),
    suite.DataLoader(
        name="labeled-lines",
        task=NAME,
        summary="lines of label, tab and text, or as fastText has them: __label__NAME text",
        load=suite.lazy("suite_text.classification.loaders.labeled_lines:load_labeled_lines"),
        detect=suite.lazy("suite_text.classification.loaders.detection:detect_labeled_lines"),
        options=LabeledLinesOptions,
        write_sample=suite.lazy("suite_text.classification.loaders.sample_files:write_labeled_lines"),
        fallback=True,
    ),
]

BUILDERS: list[suite.ModelBuilder] = [
    suite.ModelBuilder(
        name="bag",
        task=NAME,
        summary="hashed n-grams of words and characters: fast, and strong on little data",
        build=suite.lazy("suite_text.classification.builders:bag"),
        codec=_CODEC,
        options=BagOptions,
        prediction_options=PredictionOptions,
    ),
    suite.ModelBuilder(
        name="convolutional",
        task=NAME,
        summary="convolutions over words or characters",
        build=suite.lazy("suite_text.classification.builders:convolutional"),
        codec=_CODEC,
        options=ConvolutionalOptions,
        prediction_options=PredictionOptions,
        quick={"model.width": 16, "model.filters": 16, "training.epochs": 20},
    ),
    suite.ModelBuilder(
        name="encoder",
        task=NAME,
        summary="a small Transformer encoder over subwords, from scratch",
        build=suite.lazy("suite_text.classification.builders:encoder"),
        codec=_CODEC,
        options=EncoderOptions,
        prediction_options=PredictionOptions,
        quick={"model.width": 16, "model.depth": 1, "model.heads": 2, "training.epochs": 6},
    ),
    suite.ModelBuilder(
        name="preset",
        task=NAME,
        summary="a keras-hub preset of the BERT family, fine-tuned",
        build=suite.lazy("suite_text.classification.presets.builder:preset"),
        codec=_CODEC,
        options=PresetOptions,
        pretrained=suite.lazy("suite_text.classification.presets.pretrained:presets"),
        prediction_options=PredictionOptions,
    ),
]

EVALUATORS: list[suite.Evaluator] = [
    suite.Evaluator(
        name="classification",
        task=NAME,
        summary="accuracy, F1, log loss, calibration, areas under curves, confusion, worst mistakes",
        evaluate=suite.lazy("suite_text.classification.evaluator:classification"),
        metrics=METRICS,
    )
]
