"""What an export reports beside its comparison with Keras: scores, sizes and speeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rescored:
    """The scores of an exported network and of Keras's on the same examples.

    Attributes:
        split: of the data that was scored: "validation".
        examples: how many were scored.
        available: how many the split has; if it is more, those scored are spread evenly over it.
        metric: the task's metric, by which the export is judged.
        label: what people call it.
        score: of the exported network, by this metric.
        interval: the 95 % interval of `score`; None if it has none.
        keras_score: of Keras's network, on the same examples.
        fall: by how much the exported network is worse, in points of the metric; below 0 if it is better.
        tolerance: the largest fall that is allowed.
        scores: every number that the evaluators give for the exported network.
        keras_scores: the same for Keras's network.
    """

    split: str
    examples: int
    available: int
    metric: str
    label: str
    score: float
    interval: tuple[float, float] | None
    keras_score: float
    fall: float
    tolerance: float
    scores: Mapping[str, float]
    keras_scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A network file of one precision: a row of the table before and after.

    Attributes:
        precision: "float32", "float16" or "int8".
        method: how the precision was reached, for people; "" for the network as it was exported.
        size: bytes of the file.
        milliseconds: the median time of a forward pass of the network alone, by the number of examples in it.
        score: by the task's metric; None if it was not scored.
        interval: the 95 % interval of `score`.
        chosen: whether this is the network that was written.
        remark: why it was not, or what else there is to say.
    """

    precision: str
    method: str = ""
    size: int
    milliseconds: Mapping[int, float]
    score: float | None = None
    interval: tuple[float, float] | None = None
    chosen: bool = False
    remark: str = ""
