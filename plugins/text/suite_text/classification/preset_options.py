"""The options of the builder `preset`. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta
from suite_text.classification.model_options import TextModelOptions


class PresetOptions(TextModelOptions, frozen=True):
    """A keras-hub preset of the BERT family."""

    preset: Annotated[
        str,
        Meta(description="a keras-hub preset's name, or the folder of one; fetched only when it is a name"),
    ] = "bert_tiny_en_uncased"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture and tokens")
    ] = True
    longest: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=8192)],
        Meta(description="tokens that are read at once; longer texts are read in parts and averaged"),
    ] = "auto"
    frozen_share: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=1)],
        Meta(description="share of the epochs in which only the last layers learn; 1 is all of them"),
    ] = "auto"
    backbone_learning_rate: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="factor of the learning rate once the whole network learns"),
    ] = "auto"
