"""What this plugin contributes. Importing it imports neither numpy nor Keras."""

from __future__ import annotations

import suite
from suite.widgets import BoxesOutput, ImageInput, Widgets
from suite_object_detection.options import (
    CocoOptions,
    CsvOptions,
    DetectionPredictionOptions,
    DetectorOptions,
    FileOptions,
    KittiOptions,
    LabelmeOptions,
    MetadataOptions,
    ParquetOptions,
    PresetOptions,
    ViaOptions,
    VocOptions,
    YoloOptions,
)

TASK = "object-detection"

CODEC = suite.lazy("suite_object_detection.codec:DetectionCodec.from_json")
"""The codec of the builder `detector`, and of others whose outputs are of its kind."""


FORMATS = {
    "annotated": suite.lazy("suite_object_detection.formats.annotated_images:AnnotatedImagesWriter"),
    "coco": suite.lazy("suite_object_detection.formats.coco_results:CocoResultsWriter"),
    "coco-dataset": suite.lazy("suite_object_detection.formats.coco_dataset:CocoDatasetWriter"),
    "yolo": suite.lazy("suite_object_detection.formats.label_files:YoloWriter"),
    "voc": suite.lazy("suite_object_detection.formats.label_files:VocWriter"),
    "crops": suite.lazy("suite_object_detection.formats.crops:CropsWriter"),
    "csv": suite.lazy("suite_object_detection.formats.box_table:BoxTableWriter"),
}
"""Other forms of predictions than lines."""


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
            explain=suite.lazy("suite_object_detection.explanation:explain"),
            preview=suite.lazy("suite_object_detection.preview:preview"),
            check=suite.lazy("suite_object_detection.contract:check"),
            facts=suite.lazy("suite_object_detection.contract:facts"),
            prediction_type=suite.lazy("suite_object_detection.types:Detections"),
            formats=FORMATS,
            types="suite_object_detection.types",
            templates="suite_object_detection.templates",
            perfect=suite.lazy("suite_object_detection.baseline:perfect"),
            widgets=Widgets(
                input=ImageInput(), outputs=(BoxesOutput(boxes="boxes", labels="labels", scores="scores"),)
            ),
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [
        suite.DataLoader(
            name="coco",
            task=TASK,
            summary="COCO JSON, one file or one for each split",
            load=suite.lazy("suite_object_detection.loaders.coco:load"),
            detect=suite.lazy("suite_object_detection.loaders.coco:detect"),
            options=CocoOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_coco"),
        ),
        suite.DataLoader(
            name="voc",
            task=TASK,
            summary="Pascal VOC: an XML file for each image",
            load=suite.lazy("suite_object_detection.loaders.voc:load"),
            detect=suite.lazy("suite_object_detection.loaders.voc:detect"),
            options=VocOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_text_files:write_voc"),
        ),
        suite.DataLoader(
            name="yolo",
            task=TASK,
            summary="YOLO: a text file for each image, with or without a data.yaml",
            load=suite.lazy("suite_object_detection.loaders.yolo:load"),
            detect=suite.lazy("suite_object_detection.loaders.yolo:detect"),
            options=YoloOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_text_files:write_yolo"),
        ),
        suite.DataLoader(
            name="csv",
            task=TASK,
            summary="CSV or TSV with a row per box",
            load=suite.lazy("suite_object_detection.loaders.csv:load"),
            detect=suite.lazy("suite_object_detection.loaders.csv:detect"),
            options=CsvOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_text_files:write_csv"),
            fallback=True,
        ),
        suite.DataLoader(
            name="labelme",
            task=TASK,
            summary="LabelMe: a JSON file for each image",
            load=suite.lazy("suite_object_detection.loaders.labelme:load"),
            detect=suite.lazy("suite_object_detection.loaders.labelme:detect"),
            options=LabelmeOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_labelme"),
        ),
        suite.DataLoader(
            name="cvat",
            task=TASK,
            summary="CVAT XML 1.1 for images",
            load=suite.lazy("suite_object_detection.loaders.cvat:load"),
            detect=suite.lazy("suite_object_detection.loaders.cvat:detect"),
            options=FileOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_text_files:write_cvat"),
        ),
        suite.DataLoader(
            name="label-studio",
            task=TASK,
            summary="Label Studio JSON or JSON-MIN",
            load=suite.lazy("suite_object_detection.loaders.label_studio:load"),
            detect=suite.lazy("suite_object_detection.loaders.label_studio:detect"),
            options=FileOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_label_studio"),
        ),
        suite.DataLoader(
            name="via",
            task=TASK,
            summary="VGG Image Annotator: JSON or CSV",
            load=suite.lazy("suite_object_detection.loaders.via:load"),
            detect=suite.lazy("suite_object_detection.loaders.via:detect"),
            options=ViaOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_via"),
        ),
        suite.DataLoader(
            name="createml",
            task=TASK,
            summary="Create ML JSON",
            load=suite.lazy("suite_object_detection.loaders.createml:load"),
            detect=suite.lazy("suite_object_detection.loaders.createml:detect"),
            options=FileOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_createml"),
        ),
        suite.DataLoader(
            name="metadata",
            task=TASK,
            summary="Hugging Face: a metadata.jsonl with the objects of each image",
            load=suite.lazy("suite_object_detection.loaders.metadata:load"),
            detect=suite.lazy("suite_object_detection.loaders.metadata:detect"),
            options=MetadataOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_metadata"),
        ),
        suite.DataLoader(
            name="parquet",
            task=TASK,
            summary="Hugging Face: Parquet tables with images and their objects in them",
            load=suite.lazy("suite_object_detection.loaders.parquet:load"),
            detect=suite.lazy("suite_object_detection.loaders.parquet:detect"),
            options=ParquetOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_json_files:write_parquet"),
        ),
        suite.DataLoader(
            name="kitti",
            task=TASK,
            summary="KITTI: a text file of 15 columns for each image",
            load=suite.lazy("suite_object_detection.loaders.kitti:load"),
            detect=suite.lazy("suite_object_detection.loaders.kitti:detect"),
            options=KittiOptions,
            write_sample=suite.lazy("suite_object_detection.loaders.sample_text_files:write_kitti"),
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
            codec=CODEC,
            options=DetectorOptions,
            prediction_options=DetectionPredictionOptions,
            quick={"model.network": "nano", "model.size": 64, "training.epochs": 6},
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="a detector of keras-hub (RetinaNet, D-FINE), fine-tuned",
            build=suite.lazy("suite_object_detection.presets.builder:preset"),
            codec=suite.lazy("suite_object_detection.presets.codec:PresetCodec.from_json"),
            options=PresetOptions,
            pretrained=suite.lazy("suite_object_detection.pretrained:presets"),
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
            summary="COCO's mAP and recalls, precision, recall, F1, confusion, the worst mistakes",
            evaluate=suite.lazy("suite_object_detection.evaluation.evaluator:object_detection"),
            metrics={
                "map": suite.Metric(label="mAP"),
                "map50": suite.Metric(label="mAP50"),
                "map75": suite.Metric(label="mAP75"),
                "map_small": suite.Metric(label="mAP of small objects"),
                "map_medium": suite.Metric(label="mAP of medium objects"),
                "map_large": suite.Metric(label="mAP of large objects"),
                "ar1": suite.Metric(label="AR1"),
                "ar10": suite.Metric(label="AR10"),
                "ar100": suite.Metric(label="AR100"),
                "precision": suite.Metric(label="precision"),
                "recall": suite.Metric(label="recall"),
                "f1": suite.Metric(label="F1"),
            },
        )
    ]
