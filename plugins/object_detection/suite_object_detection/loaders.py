"""The loaders, one for each format: what the plugin declares."""

from __future__ import annotations

from suite_object_detection.coco import detect as detect_coco
from suite_object_detection.coco import load as load_coco
from suite_object_detection.csv_boxes import detect as detect_csv
from suite_object_detection.csv_boxes import load as load_csv
from suite_object_detection.voc import detect as detect_voc
from suite_object_detection.voc import load as load_voc
from suite_object_detection.yolo import detect as detect_yolo
from suite_object_detection.yolo import load as load_yolo

__all__ = [
    "detect_coco", "detect_csv", "detect_voc", "detect_yolo", "load_coco", "load_csv", "load_voc", "load_yolo"
]  # fmt: skip
