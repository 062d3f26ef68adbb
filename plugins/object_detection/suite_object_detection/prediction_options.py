"""What `suite predict --set NAME=VALUE` may change of a detector. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options

Share = Annotated[float, Meta(ge=0, le=1)]


class DetectionPredictionOptions(Options, frozen=True):
    """Which detections are given."""

    threshold: Annotated[
        Auto | Share,
        Meta(description="score from which something counts as detected; auto: the best on validation"),
    ] = "auto"
    iou_threshold: Annotated[
        Auto | Share,
        Meta(description="of two boxes of a class that overlap more, the less sure one is left out"),
    ] = "auto"
    most: Annotated[
        Auto | Annotated[int, Meta(ge=1)], Meta(description="detections per image at most, the surest ones")
    ] = "auto"
    classes: Annotated[tuple[str, ...], Meta(description="only these classes; empty: all")] = ()
