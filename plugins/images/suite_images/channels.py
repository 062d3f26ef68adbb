"""Images of any number of channels: the option that says how many, and augmentation that needs colors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from suite import UserError
from suite.options import Auto, Meta, Options, resolved

Channels = Annotated[
    Auto | Annotated[int, Meta(ge=1, le=256)],
    Meta(description="of the network's input: 3 is RGB, 1 gray; others must be those of the images"),
]
"""The option of model builders."""

Chosen = TypeVar("Chosen", bound=Options)


def resolved_for(
    channels: int, options: Chosen, choices: Mapping[str, Any], no_colors: Mapping[str, float]
) -> Chosen:
    """Options without "auto", of which those that need colors are off if there are none.

    Args:
        channels: of the network's input.
        options: as the user gave them.
        choices: by name, what "auto" becomes.
        no_colors: what turns augmentation off that is defined for RGB only, by the names of the options.

    Raises:
        UserError: if the user asks for an augmentation of colors, and there are none.
    """
    if channels != 3:
        choices = {**choices, **no_colors}
        if asked := [name for name in no_colors if getattr(options, name) not in ("auto", 0)]:
            raise UserError(
                f"model.{asked[0]} changes colors, but images of {channels} channels have none: leave it out"
            )
    return resolved(options, choices)
