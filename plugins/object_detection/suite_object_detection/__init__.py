"""Object detection: the declaration of what this plugin contributes. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite_object_detection.model_options import DetectorOptions, PresetOptions
from suite_object_detection.options import CocoOptions, CsvOptions, VocOptions, YoloOptions
from suite_object_detection.prediction_options import DetectionPredictionOptions

TASK = "object-detection"


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The task."""
    return [
        suite.Task(
            name=TASK,
            summary="what an image shows, and where: a box around each object",
            sample=suite.lazy("suite_object_detection.samples:sample"),
            metric="map",
            builder="detector",
            evaluators=("detection",),
            baseline=suite.lazy("suite_object_detection.baseline:most_frequent"),
            inspect=suite.lazy("suite_object_detection.inspection:inspect"),
            prediction_type=suite.lazy("suite_object_detection.types:Detections"),
            formats={
                "drawn": suite.lazy("suite_object_detection.drawn:DrawnWriter"),
                "coco": suite.lazy("suite_object_detection.coco_results:CocoResultsWriter"),
            },
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [
        suite.DataLoader(
            name="coco",
            task=TASK,
            summary="COCO JSON, one file or one for each part",
            load=suite.lazy("suite_object_detection.loaders:load_coco"),
            detect=suite.lazy("suite_object_detection.loaders:detect_coco"),
            options=CocoOptions,
        ),
        suite.DataLoader(
            name="voc",
            task=TASK,
            summary="Pascal VOC: an XML file for each image",
            load=suite.lazy("suite_object_detection.loaders:load_voc"),
            detect=suite.lazy("suite_object_detection.loaders:detect_voc"),
            options=VocOptions,
        ),
        suite.DataLoader(
            name="yolo",
            task=TASK,
            summary="YOLO: a text file for each image, with or without a data.yaml",
            load=suite.lazy("suite_object_detection.loaders:load_yolo"),
            detect=suite.lazy("suite_object_detection.loaders:detect_yolo"),
            options=YoloOptions,
        ),
        suite.DataLoader(
            name="csv",
            task=TASK,
            summary="CSV or TSV with a row per box",
            load=suite.lazy("suite_object_detection.loaders:load_csv"),
            detect=suite.lazy("suite_object_detection.loaders:detect_csv"),
            options=CsvOptions,
        ),
    ]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [
        suite.ModelBuilder(
            name="detector",
            task=TASK,
            summary="a small one-stage detector without anchors, trained from scratch",
            build=suite.lazy("suite_object_detection.builders:detector"),
            codec=suite.lazy("suite_object_detection.codec:DetectionCodec.from_json"),
            options=DetectorOptions,
            prediction_options=DetectionPredictionOptions,
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="a detector of keras-hub (RetinaNet, D-FINE), fine-tuned",
            build=suite.lazy("suite_object_detection.preset_builder:preset"),
            codec=suite.lazy("suite_object_detection.preset_codec:PresetCodec.from_json"),
            options=PresetOptions,
            prediction_options=DetectionPredictionOptions,
        ),
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The scores."""
    return [
        suite.Evaluator(
            name="detection",
            task=TASK,
            summary="COCO's mAP and recalls, precision, recall, F1, confusion, worst misses and false alarms",
            evaluate=suite.lazy("suite_object_detection.scores:object_detection"),
        )
    ]
