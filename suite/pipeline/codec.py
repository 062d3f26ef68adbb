"""A codec: between raw inputs (a file, bytes, an array, a string), arrays, and predictions.

It is saved as JSON and never imports Keras. So training and serving cannot disagree, and an exported network
runs under ONNX Runtime with the very same codec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import msgspec

from suite.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    Arrays = np.ndarray | dict[str, np.ndarray]
else:  # a plugin in one file derives its codec as it is declared, which is not to import numpy
    Arrays = Any
"""One array, or several by name: the inputs or the outputs of a network."""

NamedAxes = Mapping[str, tuple[int, Sequence[str]]]
"""By the path of a weight: one of its axes, and the names of the entries along this axis.

If an axis is a multiple of its names in length, the names repeat along it.
"""


@dataclass(frozen=True)
class ArraySpec:
    """What an array between a codec and a network is like.

    Attributes:
        shape: of one example, so without a batch axis; None where the length differs or is not known.
        dtype: "float32", say; empty where any will do.
    """

    shape: tuple[int | None, ...]
    dtype: str = ""


ArraySpecs = ArraySpec | Mapping[str, ArraySpec]
"""Of one array, or of several by name."""


@dataclass(frozen=True)
class Signature:
    """The arrays that pass between a codec and a network.

    Attributes:
        inputs: of the network: what `Codec.encode` gives. None if they are not known.
        outputs: of the network: what `Codec.decode` takes. None if they are not known.
    """

    inputs: ArraySpecs | None = None
    outputs: ArraySpecs | None = None


@dataclass(frozen=True)
class Encoded:
    """What `Codec.encode` returns if `decode` needs more than the network's outputs.

    Attributes:
        arrays: the network's input, without a batch axis.
        context: whatever `decode` needs of the raw input (the size of an image, say); any value that does
            not change. It does not pass through the network.
    """

    arrays: Arrays
    context: Any


class Codec:
    """Turns raw inputs into arrays, and a network's outputs into predictions.

    Derive from it, or from `StructCodec`, and override `encode`, `decode` and `to_json`. Everything else has
    a default, which is the plain behavior. A codec imports numpy and its own field's library, never Keras.

    Attributes:
        suffixes: the endings of the files it reads, lower case with the dot, to pick the inputs in a folder;
            empty if inputs are not files.
        stream_suffixes: the endings of the files that `open_stream` reads.
        accepts_text: a word on the command line that is no path, glob or stream is an input itself, a
            string. A word that reads like a mistyped path is still an error.
        input_ndim: the axes of one raw array at most. `LoadedPipeline.predict` takes an array with exactly
            one axis more for a stack of inputs. None: every array is one input.
        can_stream: a prediction takes several forward passes (text that is written on and on): the codec has
            `next_input` and `join`.
        export_tolerance: how far an exported network's outputs may differ from Keras's, as a share of the
            largest one.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    stream_suffixes: ClassVar[tuple[str, ...]] = ()
    accepts_text: ClassVar[bool] = False
    input_ndim: ClassVar[int | None] = None
    can_stream: ClassVar[bool] = False
    export_tolerance: ClassVar[float] = 1e-4

    def encode(self, raw: Any) -> Arrays | Encoded:
        """One raw input to the network's input, without a batch axis.

        Returns:
            The arrays; or `Encoded`, whose context becomes the second argument of `decode`.

        Raises:
            suite.UserError: if it cannot be read; the message says what is wrong with it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no encode()")

    def decode(self, outputs: Any, context: Any = None) -> Any:
        """One example's outputs (no batch axis) to a prediction, of the task's prediction type.

        Args:
            outputs: an array, or arrays by name if the network has several outputs.
            context: of `Encoded`; None if `encode` returned arrays alone.
        """
        raise NotImplementedError(f"{type(self).__name__} has no decode()")

    def is_single(self, raw: Any) -> bool:
        """Whether a list or a tuple is one input, not several (`(array, rate)`, say)."""
        return False

    def to_json(self) -> dict[str, Any]:
        """Everything it knows as plain JSON values, from which `ModelBuilder.codec` makes it again."""
        raise NotImplementedError(f"{type(self).__name__} has no to_json()")

    def with_options(self, options: Any) -> Codec:
        """The codec with the options that are given at prediction, of `ModelBuilder.prediction_options`."""
        return self

    def for_scoring(self) -> Codec:
        """The codec that evaluators need, if people want something else (only sure detections, say)."""
        return self

    def scoring_facts(self) -> Mapping[str, Any]:
        """What evaluators get besides the facts of the data (the threshold of people's predictions, say)."""
        return {}

    def open_stream(self, source: Any) -> Stream | None:
        """Many raw inputs, one after the other (a video, a camera, a microphone).

        Args:
            source: a `suite.sources.FileSource` for a file with one of `stream_suffixes`, or a word of the
                command line that is no path (`-` for the standard input, say).

        Returns:
            The stream; None for a word that means nothing to the codec.
        """
        return None

    def chunks(self, raw: Any) -> Chunks | None:
        """The chunks of a raw input that is too long to be encoded as one; None if it is not.

        Called for every raw input before it is encoded.
        """
        return None

    def so_far(self, chunks: Chunks, predictions: Sequence[Any]) -> Any | None:
        """The prediction for the beginning of an input in chunks, from those for its first chunks.

        It is shown while the others are predicted (the words of a long recording, say). None: nothing is.

        Args:
            chunks: that `chunks` gave.
            predictions: of the first of them.
        """
        return None

    def next_input(self, raw: Any, predictions: Sequence[Any]) -> Any | None:
        """What to encode next, given the predictions so far, one for each forward pass; None at the end."""
        return None

    def join(self, predictions: Sequence[Any]) -> Any:
        """One prediction from those of one or more forward passes.

        It should grow: `suite predict` prints what `str()` of it has more than before.
        """
        return predictions[-1]

    def comparable(self, outputs: Arrays) -> Arrays:
        """The terms in which an exported network is compared with Keras, if outputs say too much.

        Probabilities instead of their logarithms, for example, whose smallest mean nothing.
        """
        return outputs

    def properties(self) -> Mapping[str, Any]:
        """What programs and other tools should know of the model, as plain JSON values.

        `suite.load(...).describe()` gives them, and an exported file holds them. These names mean the same
        for every codec: `classes`, the names of the classes in the order of the network's outputs;
        `input_size`, `[height, width]` in pixels of the network's input; `channels` of that input;
        `sampling_rate`, samples per second; `normalization`, a sentence on what is done to the numbers that
        go into the network. Others may follow.
        """
        return {}

    def signature(self) -> Signature:
        """The arrays that it gives and takes. A network with others is refused when a model is loaded."""
        return Signature()

    def named_axes(self) -> NamedAxes:
        """Axes of weights whose entries have names (classes, symbols).

        With `--init`, entries of the same name are copied, wherever they stand.
        """
        return {}


class StructCodec(Codec, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of codecs that are `msgspec.Struct`s: their fields are their description.

    A codec whose fields have the right types but make no sense together raises `ValueError` in
    `__post_init__`, which says why.

    Attributes:
        called: what a message calls such a codec, "speech codec" say.
    """

    called: ClassVar[str] = "codec"

    def to_json(self) -> dict[str, Any]:
        """Everything it knows, from which `from_json` makes it again."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """The codec that `to_json` described.

        Raises:
            suite.UserError: if something is missing, unknown, of the wrong type or impossible.
        """
        try:
            return msgspec.convert(dict(json), cls)
        except msgspec.ValidationError as error:
            raise UserError(f"the {cls.called}'s description is broken: {error}") from None


class Stream(Protocol):
    """Many raw inputs, one after the other: the frames of a video or of a camera, say.

    Attributes:
        name: what a message calls it.
        total: the number of inputs, or None if that is not known before the end.
        live: the inputs come as they happen (a camera, a microphone). Each is then predicted as soon as it is
            there, before the next one is asked for.
    """

    @property
    def name(self) -> str: ...

    @property
    def total(self) -> int | None: ...

    @property
    def live(self) -> bool: ...

    def __iter__(self) -> Iterator[Any]:
        """What the codec encodes, one at a time, each with a `name` of its own.

        Raises:
            suite.UserError: if it cannot be opened, or breaks off; the message says what was read by then.
        """


class Chunks(Protocol):
    """A raw input that is too long to be encoded as one, in chunks that are encoded one by one.

    Attributes:
        total: the number of chunks.
    """

    @property
    def total(self) -> int: ...

    def __iter__(self) -> Iterator[Any]:
        """What the codec encodes, one chunk at a time, read when it is asked for.

        Raises:
            suite.UserError: if it cannot be read; the whole input then has no prediction.
        """

    def merge(self, predictions: Sequence[Any]) -> Any:
        """The prediction for the whole input from those for its chunks, in their order."""
