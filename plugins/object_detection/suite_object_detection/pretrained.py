"""The weights that `preset` can start from."""

from __future__ import annotations

import suite
from suite.data import Dataset
from suite.kit import pretrained_presets

_PREFERRED = ("dfine_small_coco", "dfine_nano_coco", "retinanet_resnet50_fpn_coco")


def presets(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """The detectors of keras-hub, or the folder of a preset at `name`."""
    return pretrained_presets(name, ["ObjectDetector"], _PREFERRED)
