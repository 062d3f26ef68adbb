"""What `suite predict --set NAME=VALUE` may change of a translation. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options


class TranslationOptions(Options, frozen=True):
    """How the network searches."""

    beam: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=64)],
        Meta(
            description="translations that are followed at once, at most as the network was built; 1: greedy"
        ),
    ] = "auto"
    length_penalty: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=5)],
        Meta(description="the greater, the longer translations become; 0: the likeliest, which is short"),
    ] = "auto"
