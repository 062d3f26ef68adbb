"""The options at prediction that tasks of classification share. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated

from suite.options import FROM_REQUESTS, Auto, Meta, Options

Share = Annotated[float, Meta(ge=0, le=1)]


class LabelOptions(Options, frozen=True):
    """Which labels are given, if an example may have several."""

    threshold: Annotated[
        Auto | Share,
        Meta(description="probability from which a label is given, if there may be several; auto: 0.5"),
    ] = "auto"
    thresholds: Annotated[
        dict[str, Share],
        Meta(description="the same of single labels: '{cat = 0.3, dog = 0.6}'", extra=FROM_REQUESTS),
    ] = {}  # noqa: RUF012 (msgspec copies it)
