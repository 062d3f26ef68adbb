"""A trained thing is a pipeline: a codec, which is words and numpy, and a network, which is arrays.

The codec turns raw things (a file, bytes, an array, a string) into arrays and output arrays into
predictions. It is saved as JSON and never imports Keras. The network takes arrays and gives arrays, with
all numeric preprocessing inside. So training and serving cannot disagree, and an exported network runs
under ONNX Runtime with the very same codec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import msgspec
import numpy as np

from suite.errors import UserError

Arrays = np.ndarray | dict[str, np.ndarray]
"""One array, or several by name: the inputs or the outputs of a network."""

Entries = Mapping[str, tuple[int, Sequence[str]]]
"""By the path of a weight: an axis of it, and what the entries along this axis stand for.

Where an axis is some times as long as its names, they stand there so many times, one after the other.
"""


@dataclass(frozen=True)
class Encoded:
    """What a codec's `encode` gives where `decode` has to know more than the network's outputs.

    Attributes:
        arrays: the network's input, without a batch axis.
        context: whatever `decode` needs of the raw thing (the size of an image, say); any value that does
            not change. It does not pass through the network.
    """

    arrays: Arrays
    context: Any


NO_CONTEXT: Any = object()
"""The context of what was encoded to arrays alone: `decode` is then called without one."""


class Codec(Protocol):
    """Between raw things and arrays. Written to JSON; imports numpy and its own field's library only.

    Attributes:
        suffixes: the endings of the files it reads, lower case with the dot, for picking the inputs in a
            folder; empty where inputs are not files.

    What a codec may have besides, and the host then uses:

    - `input_axes`, the most axes that one raw array has. An array with exactly one more is then taken for a
      stack of raw things by `LoadedPipeline.predict`.
    - `for_scoring() -> Codec`: one that decodes as evaluators want it, where that differs from what people
      want (detections however unsure they are, say). All scores are made with it.
    - `comparable(outputs) -> outputs`: in which terms an exported network is compared with Keras, where the
      outputs themselves say too much (probabilities for their logarithms, whose smallest mean nothing); and
      `tolerance`, how far they may differ, as a share of the largest one, where 1e-4 is too little.
    - `entries`: a mapping from the path of a weight to an axis of it and the names of what stands along this
      axis (classes, symbols). With `--init`, entries of the same name are copied, wherever they stand.
    - `facts`: a mapping that is added to the facts which evaluators get (the threshold that people's
      predictions are made with, say).
    - `configured(options) -> Codec`: one with the options that are given at prediction; their type is
      `ModelBuilder.prediction`.
    - `stream(input) -> suite.prediction.inputs.Stream | None` and `stream_suffixes`: for inputs that are
      many raw things, one after the other (videos, cameras, microphones). `stream` is given a
      `suite.sources.FileSource` for a file with one of these endings, and any word on the command line that
      is no path (`-` for the standard input, say); it gives None for a word that means nothing to it.
    - `words`, true where a word on the command line that is no path, glob or stream is a raw thing itself,
      a string. A word that reads like a path that was mistyped is still an error.
    - `parts(raw) -> Parts | None`: for raw things that can be too long to be encoded as one (recordings of
      hours); None where it is not. It is asked of every raw thing before it is encoded.
    - `continued(raw, predictions) -> raw | None` and `joined(predictions) -> prediction`: for predictions
      that take several forward passes (text that is written on and on). After each pass `continued` is
      asked what to encode next, given the raw thing and what was predicted so far, pass by pass; None where
      that is all of it. `joined` makes one prediction of what was predicted so far, one or more. It should
      grow: `suite predict` prints what `str()` of it has more than before.
    """

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    def encode(self, raw: Any) -> Arrays | Encoded:
        """One raw thing to the network's input, without a batch axis.

        Returns:
            The arrays; or `Encoded`, whose context is then the second argument of `decode`.

        Raises:
            suite.UserError: where it cannot be read; the message says what is wrong with it.
        """

    @property
    def decode(self) -> Callable[..., Any]:
        """`decode(outputs)`, or `decode(outputs, context)` where `encode` gives a context.

        One example's outputs (no batch axis) to a prediction, of the task's prediction type.
        """

    def to_json(self) -> dict[str, Any]:
        """Everything it knows as plain JSON values, from which `ModelBuilder.codec` makes it again."""


class StructCodec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of codecs that are `msgspec.Struct`s: their fields are their description.

    Attributes:
        called: how a message calls such a codec, "speech codec" say.
    """

    called: ClassVar[str] = "codec"

    def impossible(self) -> str:
        """Why no codec can be as the fields say, though their types are right; empty where one can."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Everything it knows, from which `from_json` makes it again."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """The codec that `to_json` described.

        Raises:
            suite.UserError: where something is missing, unknown, of the wrong type or impossible.
        """
        try:
            codec = msgspec.convert(dict(json), cls)
            wrong = codec.impossible()
        except msgspec.ValidationError as error:
            wrong = str(error)
        if wrong:
            raise UserError(f"the {cls.called}'s description is broken: {wrong}")
        return codec


class Parts(Protocol):
    """A raw thing that is too long to be encoded as one, as parts that are encoded one by one.

    Attributes:
        total: how many parts there are.
    """

    @property
    def total(self) -> int: ...

    def __iter__(self) -> Iterator[Any]:
        """What the codec encodes, one part at a time, read when it is asked for.

        Raises:
            suite.UserError: where it cannot be read; the whole then has no prediction.
        """

    def merge(self, predictions: Sequence[Any]) -> Any:
        """The prediction for the whole from those for its parts, in their order."""
