"""The weights that `preset` can start from."""

from __future__ import annotations

import suite
from suite.data import Dataset
from suite.kit import pretrained_presets

_PREFERRED = ("whisper_tiny_multi", "whisper_base_multi", "moonshine_tiny_en")


def presets(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """Whisper and Moonshine of keras-hub, or the folder of a preset at `name`."""
    return pretrained_presets(name, ["WhisperBackbone", "MoonshineBackbone"], _PREFERRED)
