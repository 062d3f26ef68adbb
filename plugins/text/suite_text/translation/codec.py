"""Between texts and arrays, and between the tokens that the network finds and text. No Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.options import chosen
from suite.pipeline import ArraySpec, Encoded, NamedAxes, Signature, Stream, StructCodec
from suite_text.reading import lines
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.input_files import InputFiles
from suite_text.reading.tables import TEXT_COLUMNS
from suite_text.tokens.padding import check_lengths, padded
from suite_text.tokens.vocabulary import END, Vocabulary
from suite_text.translation.chunks import Chunk, Chunks, chunks_of
from suite_text.translation.options import TranslationOptions
from suite_text.translation.types import Target, Translation, references_of

MAX_BEAM = 1024


class TranslationCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any text, and decodes what the network's search finds to a `Translation`.

    The network takes `source`, int32 (length,), tokens with padding at their end, and `search`, float32 (2,),
    how many translations are followed at once and the length penalty. It gives float32 (positions, 2): the
    tokens of the best translation and the logarithms of their probabilities, see
    `suite_text.translation.models.beam_search`.

    Attributes:
        vocabulary: of both languages.
        lengths: rising numbers of tokens that texts are padded to. A sentence that is longer than the last
            is translated in chunks.
        cleaning: what is done to every text first.
        source: the name of the language to translate from in the data.
        max_beam: how many translations the network can follow at once.
        beam: how many it follows.
        length_penalty: alpha of Wu et al. 2016, section 7.
        max_sentences: sentences of a text that are translated at once: as many as the texts had that the
            network learned from.
        files: what the files were that the network learned from.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]
    cleaning: Cleaning = Cleaning()
    source: str = ""
    max_beam: int = 4
    beam: int = 4
    length_penalty: float = 1.0
    max_sentences: Annotated[int, msgspec.Meta(ge=1)] = 1
    files: InputFiles = InputFiles()

    called: ClassVar[str] = "translation codec"
    accepts_text: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_lengths(self.lengths)
        if not 1 <= self.beam <= self.max_beam <= MAX_BEAM:
            most = min(self.max_beam, MAX_BEAM)
            raise ValueError(
                f"its beam is to be between 1 and {most:,}, not {self.beam} of {self.max_beam:,}"
            )

    @property
    def stream_suffixes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The endings of files with a text per line: the usual ones, and those of the training data."""
        return (*lines.STREAM_SUFFIXES, *self.files.suffixes)

    def properties(self) -> Mapping[str, Any]:
        """How much is translated at once, and from which language if the data named it."""
        named = {"source": self.source} if self.source else {}
        return {**named, "max_tokens": self.lengths[-1], "vocabulary": len(self.vocabulary)}

    def signature(self) -> Signature:
        """What the network takes and gives, as above."""
        inputs = {"source": ArraySpec((None,), "int32"), "search": ArraySpec((2,), "float32")}
        return Signature(inputs, ArraySpec((None, 2)))

    def named_axes(self) -> NamedAxes:
        """The tokens in the network's table of vectors, for runs that start from another one."""
        return {"translator/embedding/embeddings": (0, self.vocabulary.tokens)}

    def open_stream(self, source: Any) -> Stream | None:
        """The lines of a file or of the standard input; None for a word that is a text itself."""
        columns = ("source", "src", *((self.source.lower(),) if self.source else ()), *TEXT_COLUMNS)
        return lines.open_stream(source, self.files, tuple(dict.fromkeys(columns)))

    def text(self, raw: Any) -> str:
        """The cleaned text of anything that is encoded; empty if there is only white space.

        Raises:
            suite.UserError: if it is no text that can be read.
        """
        if isinstance(raw, Chunk):
            return raw.text
        text = clean(lines.text_of(raw), self.cleaning)
        return text if text.strip() else ""

    def encode(self, raw: Any) -> Encoded:
        """A text, a `Line`, a file or a chunk, for the network.

        Returns:
            `source` int32 (length,), one of `lengths`, and `search` float32 (2,); the context is how many
            characters of it the vocabulary does not have. The `source` of an empty text is padding, for which
            the network searches nothing.

        Raises:
            suite.UserError: if it is no text that can be read, or too long to be read at once.
        """
        text = self.text(raw)
        ids = self.vocabulary.encode(text)
        if len(ids) > self.lengths[-1]:
            raise UserError(
                f"it has {len(ids):,} tokens, and the model reads {self.lengths[-1]:,} at once: set a greater"
                " model.max_length"
            )
        search = np.array([self.beam, self.length_penalty], np.float32)
        arrays = {"source": padded(ids, self.lengths), "search": search}
        return Encoded(arrays, len(self.vocabulary.unknown(text)))

    def decode(self, outputs: Any, context: Any = None) -> Translation:
        """What the network wrote, (positions, 2), as text.

        Args:
            outputs: of the network.
            context: how many characters of the source are unknown; None for 0.

        Raises:
            ValueError: if such a network cannot have written it, or something is not a number.
        """
        written: np.ndarray = np.asarray(outputs, np.float32)
        if written.ndim != 2 or written.shape[1] != 2:
            raise ValueError(
                f"the network gave outputs of shape {written.shape} instead of (positions, 2); it and the"
                " codec do not belong together"
            )
        if np.isnan(written).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        tokens = written[:, 0].astype(np.int64)
        if tokens.min(initial=0) < 0 or tokens.max(initial=0) >= len(self.vocabulary):
            raise ValueError(
                "the network wrote tokens that the codec does not know; they do not belong together"
            )
        ends = np.flatnonzero(tokens == END)
        count = int(ends[0]) if ends.size else len(tokens)
        scores = written[: count + 1, 1]
        return Translation(
            text=clean(self.vocabulary.decode(tokens[:count].tolist()), self.cleaning).strip(),
            score=float(scores.mean(dtype=np.float64)) if scores.any() else None,
            unknown=context or 0,
        )

    def chunks(self, raw: Any) -> Chunks | None:
        """The sentences of a text, or the chunks of one that is too long to be read at once, else None.

        Raises:
            suite.UserError: if it is no text that can be read.
        """
        if isinstance(raw, Chunk):
            return None
        texts = [clean(line, self.cleaning).strip() for line in lines.text_of(raw).splitlines()]
        chunks = chunks_of(texts, self._fits, self.source, self.max_sentences)
        return Chunks(chunks) if len(chunks) > 1 else None

    def target(self, target: Target) -> list[int]:
        """The tokens of a translation with its end; of several, of the first."""
        return [*self.vocabulary.encode(clean(references_of(target)[0], self.cleaning)), END]

    def with_options(self, options: TranslationOptions) -> TranslationCodec:
        """The codec that searches as the options say.

        Raises:
            suite.UserError: for a beam that is wider than the network can follow.
        """
        beam = chosen(options.beam, self.beam)
        if beam > self.max_beam:
            raise UserError(
                f"beam = {beam} is more than the {self.max_beam} that this network can follow at once: train"
                f" with --set model.beam={beam}"
            )
        penalty = chosen(options.length_penalty, self.length_penalty)
        return msgspec.structs.replace(self, beam=beam, length_penalty=penalty)

    def _fits(self, text: str) -> bool:
        # A token has at least a byte, and at most as many as a learned piece.
        if len(text) > 64 * self.lengths[-1]:
            return False
        return len(self.vocabulary.encode(text)) <= self.lengths[-1]
