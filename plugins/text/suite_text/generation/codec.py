"""Between texts and arrays, and between the network's outputs and text. numpy and tokenizers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite.pipeline import Encoded, NamedAxes, Stream, StructCodec
from suite_text.tokens.padding import padded
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.generation.examples import Passage
from suite_text.generation.options import GenerationOptions
from suite_text.generation.types import PLACES, Continuation, Dissected
from suite_text.generation.chunks import Window, Windows
from suite_text.reading.lines import STREAM_SUFFIXES, stream, text_of
from suite_text.tokens.vocabulary import END, START, UNKNOWN, Vocabulary

_MARK = "."
"""Stands before what was written, for its leading space to stay where it is decoded."""


@dataclass(frozen=True)
class _Going:
    """A text that is gone on with.

    Attributes:
        ids: its last tokens, as many as the network sees.
        written: how many were written by now.
    """

    ids: tuple[int, ...]
    written: int


@dataclass(frozen=True, eq=False)
class _Scored:
    """What `decode` must know of a window.

    Attributes:
        window: what was encoded.
        share: of the text's bytes that the window has: below 1 where the text was too long.
    """

    window: Window
    share: float = 1.0


class GenerationCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes texts as tokens and decodes what the network says of them to a `Continuation`.

    The network takes `tokens`, int32 (length,), a start first and padding last, `draws`, float32 (steps,),
    and `sampling`, float32 (3,), and gives `given`, float32 (length,), and `written`, float32 (steps, 2); see
    `models.generator`. A passage of a data set is scored, with no steps; any other text is gone on with,
    `chunk` tokens at a time, of which the last ones that still fit are always seen.

    Attributes:
        vocabulary: the tokens.
        lengths: numbers of tokens that texts are padded to, rising; the last is what is seen at once.
        chunk: tokens written in one forward pass.
        cleaning: what was done to the texts that the network learned from.
        options: how much is written, and how boldly.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]
    chunk: int
    cleaning: Cleaning = Cleaning()
    options: GenerationOptions = GenerationOptions()

    called: ClassVar[str] = "text generation codec"
    suffixes: ClassVar[tuple[str, ...]] = ()
    stream_suffixes: ClassVar[tuple[str, ...]] = STREAM_SUFFIXES
    accepts_text: ClassVar[bool] = True

    def impossible(self) -> str:
        """Why there cannot be such a codec; empty where there can."""
        if not self.lengths or self.lengths[0] < 1 or sorted(set(self.lengths)) != list(self.lengths):
            return f"its lengths do not rise: {list(self.lengths)}"
        if not 0 < self.chunk < self.lengths[-1] - 1:
            return f"its chunk of {self.chunk} tokens does not fit into {self.lengths[-1]}"
        return self.vocabulary.impossible()

    def scoring_facts(self) -> Mapping[str, Any]:
        """What evaluators should know: what a token is."""
        return {"units": self.vocabulary.kind}

    def with_options(self, options: GenerationOptions) -> GenerationCodec:
        """The codec that writes as the options say."""
        return msgspec.structs.replace(self, options=options)

    def named_axes(self) -> NamedAxes:
        """The tokens in the network's table of vectors, for runs that start from another one."""
        return {"generator/embedding/embeddings": (0, self.vocabulary.tokens)}

    def open_stream(self, word: Any) -> Stream | None:
        """The lines of a file or of the standard input, each of which is gone on with."""
        return stream(word)

    def chunks(self, raw: Any) -> Windows | None:
        """The windows of a passage that is longer than what is seen at once."""
        if not _is_passage(raw):
            return None
        windows = self._windows(self._whole(raw))
        return windows if windows.total > 1 else None

    def encode(self, raw: Any) -> Encoded:
        """A text, or a part of one, as the network's input.

        A passage that is too long is scored by its beginning; its `parts` are all of it.

        Raises:
            suite.UserError: where it is no text that can be read.
        """
        if isinstance(raw, Window):
            return self._encoded(raw.ids, 0, 0, _Scored(raw))
        if _is_passage(raw):
            whole = self._whole(raw)
            window = next(iter(self._windows(whole)))
            share = len(window.ids) / len(whole.ids) if whole.ids else 1.0
            return self._encoded(window.ids, 0, 0, _Scored(window, share))
        going = raw if isinstance(raw, _Going) else self._begun(raw)
        return self._encoded(going.ids, self.chunk, going.written, going)

    def decode(self, outputs: Mapping[str, np.ndarray], context: Any) -> Continuation:
        """What the network says of a text.

        Args:
            outputs: of the network.
            context: that `encode` gave.

        Raises:
            ValueError: where the outputs are not those of such a network.
        """
        given, written = np.asarray(outputs["given"]), np.asarray(outputs["written"])
        if np.isnan(given).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        if isinstance(context, _Scored):
            return self._scores(given, context)
        tokens = written[:, 0].astype(int).tolist()
        if tokens and (min(tokens) < 0 or max(tokens) >= len(self.vocabulary)):
            raise ValueError(
                "the network wrote tokens that the codec does not know; they do not belong together"
            )
        left = self.options.tokens - context.written if self.options.tokens else len(tokens)
        tokens = tokens[: max(0, left)]
        ended = END in tokens
        tokens = tokens[: tokens.index(END)] if ended else tokens
        bits = -float(given[1 : len(context.ids) + 1].sum(dtype=np.float64)) / math.log(2)
        text = self._text(tokens)
        return Continuation(
            text=text if context.ids else text.removeprefix(" "),
            bits=bits,
            tokens=len(context.ids),
            ended=ended,
            written=tuple(tokens),
        )

    def next_input(self, raw: Any, predictions: Sequence[Continuation]) -> _Going | None:
        """What is to be encoded next; None where the text is complete.

        Args:
            raw: what was given at first.
            predictions: what was written since, chunk by chunk.
        """
        if isinstance(raw, Window) or _is_passage(raw) or predictions[-1].ended:
            return None
        written = [token for one in predictions for token in one.written]
        enough = 0 < self.options.tokens <= len(written)
        if enough or (self.options.stop and self.options.stop in self._text(written)):
            return None
        begun = raw if isinstance(raw, _Going) else self._begun(raw)
        return self._going([*begun.ids, *written], begun.written + len(written))

    def join(self, predictions: Sequence[Continuation]) -> Continuation:
        """One prediction of what was written, chunk by chunk."""
        first, last = predictions[0], predictions[-1]
        if not first.written:
            return first
        written = tuple(token for one in predictions for token in one.written)
        text, ended = self._text(written), last.ended
        if not first.text.startswith(" "):
            text = text.removeprefix(" ")
        if self.options.stop and self.options.stop in text:
            text, ended = text.partition(self.options.stop)[0], True
        if not ended:
            # The rest of a character may come with the next chunk.
            text = text.rstrip("\N{REPLACEMENT CHARACTER}")
        return msgspec.structs.replace(first, text=text, ended=ended, written=written)

    def _whole(self, raw: Any) -> Window:
        text = clean(text_of(raw), self.cleaning)
        ids = self.vocabulary.encode(text)
        surplus = np.zeros(len(ids))
        if self.vocabulary.kind == "characters":
            # A token is a character: one that is unknown is spelled in bytes, all equally likely.
            for index in np.flatnonzero(np.array(ids, np.int64) == UNKNOWN).tolist():
                surplus[index] = 8 * len(text[index].encode())
        return Window(ids, 0, 0, surplus, isinstance(raw, Dissected))

    def _windows(self, whole: Window) -> Windows:
        size = self.lengths[-1] - 1
        return Windows(whole, size, size // 2)

    def _begun(self, raw: Any) -> _Going:
        return self._going(self.vocabulary.encode(clean(text_of(raw), self.cleaning)), 0)

    def _going(self, ids: Sequence[int], written: int) -> _Going:
        return _Going(tuple(ids[-(self.lengths[-1] - 1 - self.chunk) :]), written)

    def _encoded(self, ids: Sequence[int], steps: int, written: int, context: Any) -> Encoded:
        options = self.options
        # The place of a token says which draw is its own, so texts do not depend on the chunk.
        draws = np.random.default_rng(options.seed).random(written + steps, np.float32)[written:]
        arrays = {
            "tokens": padded([START, *ids], self.lengths),
            "draws": draws,
            "sampling": np.array([options.temperature, options.top_k, options.top_p], np.float32),
        }
        return Encoded(arrays, context)

    def _scores(self, given: np.ndarray, scored: _Scored) -> Continuation:
        window = scored.window
        known = -given[1 : len(window.ids) + 1].astype(np.float64) / math.log(2)
        bits = (known + window.surplus)[window.first :]
        places = np.arange(window.place, window.place + len(bits))
        by_place = np.bincount(np.digitize(places, PLACES), bits, len(PLACES) + 1)
        pieces = zip(window.ids[window.first :], bits.tolist(), strict=True) if window.dissected else ()
        return Continuation(
            bits=float(bits.sum()) / scored.share,
            tokens=round(len(bits) / scored.share),
            by_place=tuple(by_place.tolist()),
            pieces=tuple((self._text([token]), bit) for token, bit in pieces),
        )

    def _text(self, ids: Sequence[int]) -> str:
        """What was written; `Vocabulary.decode` would leave out a space before it."""
        mark = self.vocabulary.encode(_MARK)
        return self.vocabulary.decode([*mark, *ids]).removeprefix(self.vocabulary.decode(mark))


def _is_passage(raw: Any) -> bool:
    """Whether it is a text that is scored, not gone on with."""
    return isinstance(raw, Passage | Dissected)
