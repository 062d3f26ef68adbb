"""The weights that `preset` can start from."""

from __future__ import annotations

import suite
from suite.data import Dataset
from suite.kit import pretrained_presets
from suite_text.generation.presets.network import FAMILIES

_PREFERRED = ("gpt2_base_en",)


def presets(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """The language models of keras-hub, or the folder of a preset at `name`."""
    return pretrained_presets(name, [f"{family}CausalLM" for family in FAMILIES], _PREFERRED)
