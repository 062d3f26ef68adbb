"""Between texts and arrays, and between the tokens that the network finds and text. No Keras."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.pipeline import Encoded, NamedAxes, Stream, StructCodec
from suite_text.reading import lines
from suite_text.tokens.padding import padded
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.tables import TEXT_COLUMNS
from suite_text.translation.options import TranslationOptions
from suite_text.translation.chunks import Stretch, Stretches, stretches_of
from suite_text.translation.types import Target, Translation, references_of
from suite_text.tokens.vocabulary import END, Vocabulary


class TranslationCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any text, and decodes what the network's search finds to a `Translation`.

    The network takes `source`, int32 (length,), tokens with padding at their end, and `search`, float32 (2,),
    how many translations are followed at once and the length penalty. It gives float32 (places, 2): the
    tokens of the best translation and the logarithms of their probabilities, see
    `suite_text.translation.models.beam_search`.

    Attributes:
        vocabulary: of both languages.
        lengths: numbers of tokens that texts are padded to, rising. What is longer than the last is
            translated in stretches, sentence by sentence where that is possible.
        cleaning: what is done to every text first.
        source: what the language to translate from is called in the data.
        widest: how many translations the network can follow at once.
        beam: how many it follows.
        length_penalty: alpha of Wu et al. 2016, section 7.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]
    cleaning: Cleaning = Cleaning()
    source: str = ""
    widest: int = 4
    beam: int = 4
    length_penalty: float = 1.0

    called: ClassVar[str] = "translation codec"
    suffixes: ClassVar[tuple[str, ...]] = ()
    stream_suffixes: ClassVar[tuple[str, ...]] = lines.STREAM_SUFFIXES
    accepts_text: ClassVar[bool] = True

    def named_axes(self) -> NamedAxes:
        """The tokens in the network's table of vectors, for runs that start from another one."""
        return {"translator/embedding/embeddings": (0, self.vocabulary.tokens)}

    def open_stream(self, raw: Any) -> Stream | None:
        """The lines of a file or of the standard input; None for what is a text itself."""
        columns = ("source", "src", *((self.source.lower(),) if self.source else ()), *TEXT_COLUMNS)
        return lines.stream(raw, columns=tuple(dict.fromkeys(columns)))

    def text(self, raw: Any) -> str:
        """The cleaned text of anything that is encoded; empty where there is only white space.

        Raises:
            suite.UserError: where it is no text that can be read.
        """
        if isinstance(raw, Stretch):
            return raw.text
        text = clean(lines.text_of(raw), self.cleaning)
        return text if text.strip() else ""

    def encode(self, raw: Any) -> Encoded:
        """A text, a `Line`, a file or a stretch, for the network.

        Returns:
            `source` int32 (one of `lengths`,) and `search` float32 (2,); the context is how many characters
            of it the vocabulary does not have. Of an empty text `source` is padding, for which the network
            searches nothing.

        Raises:
            suite.UserError: where it is no text that can be read, or too long to be read at once.
        """
        text = self.text(raw)
        ids = self.vocabulary.encode(text)
        if len(ids) > self.lengths[-1]:
            raise UserError(
                f"it has {len(ids):,} tokens, and the model reads {self.lengths[-1]:,} at once: set a greater"
                " model.longest"
            )
        search = np.array([self.beam, self.length_penalty], np.float32)
        arrays = {"source": padded(ids, self.lengths), "search": search}
        return Encoded(arrays, len(self.vocabulary.unknown(text)))

    def decode(self, outputs: Any, context: int) -> Translation:
        """What was found, (places, 2), as text.

        Args:
            outputs: of the network.
            context: how many characters of the source are unknown.

        Raises:
            ValueError: where it is not what such a network gives, or something is not a number.
        """
        found: np.ndarray = np.asarray(outputs, np.float32)
        if found.ndim != 2 or found.shape[1] != 2:
            raise ValueError(
                f"the network gave outputs of shape {found.shape} instead of (places, 2); it and the codec do"
                " not belong together"
            )
        if np.isnan(found).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        tokens = found[:, 0].astype(np.int64)
        if tokens.min(initial=0) < 0 or tokens.max(initial=0) >= len(self.vocabulary):
            raise ValueError(
                "the network wrote tokens that the codec does not know; they do not belong together"
            )
        ends = np.flatnonzero(tokens == END)
        count = int(ends[0]) if ends.size else len(tokens)
        scores = found[: count + 1, 1]
        return Translation(
            text=clean(self.vocabulary.decode(tokens[:count].tolist()), self.cleaning).strip(),
            score=float(scores.mean(dtype=np.float64)) if scores.any() else None,
            unknown=context,
        )

    def chunks(self, raw: Any) -> Stretches | None:
        """The stretches of a text that is too long to be read at once, else None.

        Raises:
            suite.UserError: where it is no text that can be read.
        """
        if isinstance(raw, Stretch):
            return None
        text = self.text(raw)
        if not text or self._fits(text):
            return None
        return Stretches([Stretch(one) for one in stretches_of(text, self._fits)])

    def target(self, target: Target) -> list[int]:
        """The tokens of a translation with its end; of several, of the first."""
        return [*self.vocabulary.encode(clean(references_of(target)[0], self.cleaning)), END]

    def with_options(self, options: TranslationOptions) -> TranslationCodec:
        """The codec that searches as the options say.

        Raises:
            suite.UserError: for a beam that is wider than what the network can follow.
        """
        beam = self.beam if options.beam == "auto" else options.beam
        if beam > self.widest:
            raise UserError(
                f"beam = {beam} is more than the {self.widest} that this network can follow at once: train"
                f" with --set model.beam={beam}"
            )
        penalty = self.length_penalty if options.length_penalty == "auto" else options.length_penalty
        return msgspec.structs.replace(self, beam=beam, length_penalty=penalty)

    def impossible(self) -> str:
        if not self.lengths or self.lengths[0] < 1 or list(self.lengths) != sorted(set(self.lengths)):
            return f"its lengths are to rise from at least 1, not to be {list(self.lengths)}"
        if not 1 <= self.beam <= self.widest:
            return f"its beam is to be between 1 and {self.widest}, not {self.beam}"
        return self.vocabulary.impossible()

    def _fits(self, text: str) -> bool:
        # A token has at least a byte, and no more than the pieces that are learned.
        if len(text) > 64 * self.lengths[-1]:
            return False
        return len(self.vocabulary.encode(text)) <= self.lengths[-1]
