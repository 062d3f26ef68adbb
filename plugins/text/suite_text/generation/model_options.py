"""The options of the model builders. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options


class TransformerOptions(Options, frozen=True):
    """A decoder-only Transformer over what its vocabulary makes of text."""

    units: Annotated[
        Literal["bpe", "unigram", "characters"], Meta(description="what the network reads and writes")
    ] = "bpe"
    vocabulary: Annotated[
        Auto | Annotated[int, Meta(ge=64, le=100_000)],
        Meta(description="how many of them there are, at most"),
    ] = "auto"
    context: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=8192)],
        Meta(description="tokens that are seen at once; longer texts are scored in overlapping windows"),
    ] = "auto"
    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)], Meta(description="share of dropped units")
    ] = "auto"
    chunk: Annotated[
        int, Meta(ge=1, le=1024, description="tokens written in one go, before more of the text is shown")
    ] = 16
