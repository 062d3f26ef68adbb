"""What `suite predict --set NAME=VALUE` may change of how text is written. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta, Options


class GenerationOptions(Options, frozen=True):
    """How much is written, how boldly, and where it ends."""

    tokens: Annotated[
        int, Meta(ge=0, description="tokens written at most; 0: as long as the text does not end by itself")
    ] = 200
    temperature: Annotated[
        float,
        Meta(ge=0, le=10, description="0: always the likeliest token; 1: as learned; more: bolder"),
    ] = 0.8
    top_k: Annotated[
        int, Meta(ge=0, description="only so many of the likeliest tokens are drawn from; 0: all")
    ] = 0
    top_p: Annotated[
        float,
        Meta(gt=0, le=1, description="only the likeliest tokens are drawn from that have this share"),
    ] = 0.95
    seed: Annotated[int, Meta(ge=0, description="the same seed writes the same text")] = 0
    stop: Annotated[str, Meta(description="text before which writing stops; empty: none")] = ""
