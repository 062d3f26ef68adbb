"""The weights that `preset` can start from."""

from __future__ import annotations

import suite
from suite.data import Dataset
from suite.kit import pretrained_presets
from suite_text.classification.presets.network import FAMILIES

_ENGLISH = ("distil_bert_base_en_uncased", "bert_small_en_uncased", "bert_tiny_en_uncased")
_MANY_LANGUAGES = ("distil_bert_base_multi", "bert_base_multi")

_EXAMPLES = 200
_MAX_SHARE = 0.02
"""Texts with a larger share of characters beyond ASCII are taken for another language than English."""


def presets(name: str, dataset: Dataset) -> list[suite.Pretrained]:
    """The encoders of keras-hub, those for the language first, or the folder of a preset at `name`."""
    first, then = (_ENGLISH, _MANY_LANGUAGES) if _is_english(dataset) else (_MANY_LANGUAGES, _ENGLISH)
    return pretrained_presets(name, [f"{family}Backbone" for family in FAMILIES], (*first, *then))


def _is_english(dataset: Dataset) -> bool:
    texts = [str(dataset.train[index].input) for index in range(min(_EXAMPLES, len(dataset.train)))]
    characters = "".join(texts)
    return sum(not character.isascii() for character in characters) <= _MAX_SHARE * len(characters)
