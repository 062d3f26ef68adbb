"""Between texts and arrays, and between logits and classifications. No Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite.pipeline import ArraySpec, Encoded, NamedAxes, Signature, Stream, StructCodec
from suite_classification.coding import averaged, classified, likeliest, target_vector
from suite_classification.thresholds import Thresholds
from suite_classification.types import Classification
from suite_language.casing import small_i
from suite_text.classification.options import PredictionOptions
from suite_text.classification.readers.bags import NGramReader
from suite_text.classification.readers.tokens import TokenReader
from suite_text.classification.readers.word_pieces import WordPieceReader
from suite_text.reading import lines
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.input_files import InputFiles


class ClassificationCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any text, and decodes logits to a `Classification`.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        reader: how a cleaned text becomes numbers.
        multi_label: whether a text may have several labels or none.
        cleaning: what is done to every text first.
        language: of the texts, by its code: how capitals become small letters.
        files: what the files were that the network learned from.
        whole_files: whether a file is one text, whatever it is; None: as it was in training.
        thresholds: from which probability on a label is given, if a text may have several.
        top: how many classes a prediction lists with their scores, the likeliest; 0: all.
    """

    classes: tuple[str, ...]
    reader: NGramReader | TokenReader | WordPieceReader
    multi_label: bool = False
    cleaning: Cleaning = Cleaning()
    language: str = ""
    files: InputFiles = InputFiles()
    whole_files: bool | None = None
    thresholds: Thresholds = Thresholds()
    top: int = 0

    called: ClassVar[str] = "text classification codec"
    stream_suffixes: ClassVar[tuple[str, ...]] = lines.STREAM_SUFFIXES
    accepts_text: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"it needs distinct class names, not {list(self.classes)}")

    def properties(self) -> Mapping[str, Any]:
        """The classes."""
        return {"classes": self.classes, "multi_label": self.multi_label}

    def signature(self) -> Signature:
        """Numbers by the names of the reader; a logit for each class."""
        inputs = {name: ArraySpec((None,) * axes, "int32") for name, axes in self.reader.inputs.items()}
        return Signature(inputs, ArraySpec((len(self.classes),)))

    def named_axes(self) -> NamedAxes:
        """Classes in the last layers, and tokens in the first, for runs that start from another one."""
        heads = ("logits", "hidden_logits", "convolution_logits")
        axes: dict[str, tuple[int, Sequence[str]]] = {
            f"{head}/{weight}": (-1, self.classes) for head in heads for weight in ("kernel", "bias")
        }
        if isinstance(self.reader, TokenReader):
            axes["embedding/embeddings"] = (0, self.reader.vocabulary.tokens)
        return axes

    def read(self, raw: Any) -> dict[str, np.ndarray]:
        """What the reader makes of a text, a `Line`, a file or a chunk: of any length, without padding.

        Raises:
            suite.UserError: if it is no text that can be read.
        """
        if isinstance(raw, Chunk):
            return raw.numbers
        return self.reader.read(small_i(clean(lines.text_of(raw), self.cleaning), self.language))

    def encode(self, raw: Any) -> dict[str, np.ndarray] | Encoded:
        """A text, a `Line`, a file or a chunk to int32 (numbers,) by the name of the network's input.

        Only the beginning of a text that is too long is encoded; see `chunks`. An empty text is padding.

        Raises:
            suite.UserError: if it is no text that can be read.
        """
        numbers = {name: array[: self.reader.max_length] for name, array in self.read(raw).items()}
        arrays = {name: array[0] for name, array in self.reader.batch([numbers]).items()}
        return Encoded(arrays, True) if isinstance(raw, Chunk) else arrays

    def decode(self, outputs: Any, context: Any = None) -> Classification:
        """Logits (classes,) of one text, or of a chunk (`context`), to its classification.

        Raises:
            ValueError: if there is not exactly one output per class, or one is not a number.
        """
        prediction = classified(
            outputs, self.classes, multi_label=self.multi_label, thresholds=self.thresholds
        )
        return prediction if context else likeliest(prediction, self.top)

    def chunks(self, raw: Any) -> Chunks | None:
        """The chunks of a text that is too long to be read at once, else None."""
        max_length = self.reader.max_length
        if max_length is None or isinstance(raw, Chunk):
            return None
        numbers = self.read(raw)
        if max(map(len, numbers.values())) <= max_length:
            return None
        return Chunks(numbers, max_length, self)

    def target(self, target: str | list[str]) -> np.ndarray:
        """A class name, or a list of them, to float32 (classes,): 1 for each of these classes, 0 for others.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        return target_vector(target, self.classes)

    def open_stream(self, source: Any) -> Stream | None:
        """The lines of a file or of the standard input; None for a word that is a text itself."""
        return lines.open_stream(source, self.files, whole_files=self.whole_files)

    def with_options(self, options: PredictionOptions) -> ClassificationCodec:
        """The codec that reads files, and gives labels and scores, as the options say.

        Raises:
            suite.UserError: for thresholds of what is no class, and for those of a model with one label each.
        """
        thresholds = self.thresholds.chosen(options, self.classes, multi_label=self.multi_label)
        whole = None if options.whole_files == "auto" else options.whole_files
        return msgspec.structs.replace(self, whole_files=whole, thresholds=thresholds, top=options.top)

    def for_scoring(self) -> ClassificationCodec:
        """The codec that gives all scores."""
        return msgspec.structs.replace(self, top=0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a long text, as numbers."""

    numbers: dict[str, np.ndarray]


@dataclass(frozen=True)
class Chunks:
    """A text in chunks, about as long each, that are read one by one."""

    numbers: dict[str, np.ndarray]
    max_length: int
    codec: ClassificationCodec

    @property
    def total(self) -> int:
        """How many there are."""
        return math.ceil(max(map(len, self.numbers.values())) / self.max_length)

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks in their order."""
        pieces = {name: np.array_split(array, self.total) for name, array in self.numbers.items()}
        for index in range(self.total):
            yield Chunk({name: arrays[index] for name, arrays in pieces.items()})

    def merge(self, predictions: Sequence[Classification]) -> Classification:
        """The classification whose scores are the means of the chunks'."""
        codec = self.codec
        merged = averaged(predictions, multi_label=codec.multi_label, thresholds=codec.thresholds)
        return likeliest(merged, codec.top)
