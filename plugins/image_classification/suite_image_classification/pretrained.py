"""The weights that `applications` and `preset` can start from."""

from __future__ import annotations

import re
from pathlib import Path

from keras.src.backend.config import keras_home  # where Keras itself keeps what it downloads

import suite
from suite.data import Dataset
from suite.kit import expanded, pretrained_presets
from suite_image_classification.models.applications import families

_PRESETS = ("resnet_50_imagenet", "efficientnet_b0_ra_imagenet", "mobilenet_v3_small_100_imagenet")
_FAMILIES = ("MobileNetV3Small", "EfficientNetV2B0", "ResNet50")
_FILES = (".h5", ".keras")


def applications(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """The families of keras.applications with their weights, or the file of weights at `name`."""
    if name.endswith(_FILES) and expanded(name).is_file():
        file = expanded(name).resolve()
        options = {"weights": str(file)}
        family = _family_of(file.name)
        if family:
            options["family"] = family
        return [suite.Pretrained(name=name, options=options, here=True)]
    here = {_family_of(file.name) for file in (Path(keras_home()) / "models").glob("*.h5")}
    names = dict.fromkeys([*(family for family in _FAMILIES if family in families()), *families()])
    return [
        suite.Pretrained(
            name=family,
            options={"family": family, "weights": "imagenet"},
            here=family in here,
            untrained={"family": family},
        )
        for family in names
    ]


def presets(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """The image classifiers of keras-hub, or the folder of a preset at `name`."""
    return pretrained_presets(name, ["ImageClassifier"], _PRESETS)


def _family_of(file: str) -> str:
    """The family after which a file of weights is called; "" if there is none."""
    plain = re.sub(r"[^a-z0-9]", "", file.lower())
    return max((family for family in families() if plain.startswith(family.lower())), key=len, default="")
