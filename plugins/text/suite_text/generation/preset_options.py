"""The options of the builder `preset`. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options


class PresetOptions(Options, frozen=True):
    """A keras-hub preset that writes text in byte pairs."""

    preset: Annotated[
        str,
        Meta(description="a keras-hub preset's name, or the folder of one; fetched only when it is a name"),
    ] = "gpt2_base_en"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture and tokens")
    ] = True
    context: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=131_072)],
        Meta(description="tokens that are seen at once; longer texts are scored in overlapping windows"),
    ] = "auto"
    chunk: Annotated[
        int, Meta(ge=1, le=1024, description="tokens written in one go, before more of the text is shown")
    ] = 16
