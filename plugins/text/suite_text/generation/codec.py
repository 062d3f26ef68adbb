"""Between texts and arrays, and between the network's outputs and text. numpy and tokenizers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite.pipeline import ArraySpec, Encoded, NamedAxes, Signature, Stream, StructCodec
from suite_text.generation.chunks import Chunk, Chunks, Samples
from suite_text.generation.examples import Passage
from suite_text.generation.options import GenerationOptions
from suite_text.generation.types import POSITIONS, Continuation, Dissected
from suite_text.reading.chat import SYSTEM, USER, asked
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.input_files import InputFiles
from suite_text.reading.lines import STREAM_SUFFIXES, open_stream, text_of
from suite_text.tokens.padding import check_lengths, padded
from suite_text.tokens.vocabulary import END, START, UNKNOWN, Vocabulary

_REACH = 256
"""Tokens back, so far is a repetition one."""

_CHAT_STOPS = (f"\n{USER}:", f"\n{SYSTEM}:")
"""Where the model of a chat would go on as somebody else."""

_MARK = "."
"""Stands before what was written while that is decoded, so that a leading space is kept."""


class _Prompt(msgspec.Struct, frozen=True):
    """A text that the network continues.

    Attributes:
        ids: its last tokens, as many as the network sees.
        written: how many of its tokens the network wrote.
        number: of the sample, of several that continue the same text.
    """

    ids: tuple[int, ...]
    written: int
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Scored:
    """What `decode` must know of a chunk.

    Attributes:
        chunk: what was encoded.
        share: of the text's tokens that the chunk has: below 1 if the text was too long.
    """

    chunk: Chunk
    share: float = 1.0


class GenerationCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes texts as tokens and decodes the network's outputs to a `Continuation`.

    The network takes `tokens`, int32 (length,), a start first and padding last, `draws`, float32 (steps,),
    `sampling`, float32 (4,), and `repeated`, float32 (vocabulary,). It gives `log_probabilities`, float32
    (length,), of the tokens, and `written`, float32 (steps, 2); see `models.language_model`. A passage of a
    data set is scored, with no steps; any other text is continued, `tokens_per_pass` tokens at a time, after
    as many of the last ones as fit.

    Attributes:
        vocabulary: the tokens.
        lengths: rising numbers of tokens that texts are padded to; the last is what the network sees at once.
        tokens_per_pass: tokens written in one forward pass.
        cleaning: what was done to the texts that the network learned from.
        files: what the files were that the network learned from.
        options: how much the network writes, and how boldly.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]
    tokens_per_pass: int
    cleaning: Cleaning = Cleaning()
    files: InputFiles = InputFiles()
    options: GenerationOptions = GenerationOptions()

    called: ClassVar[str] = "text generation codec"
    stream_suffixes: ClassVar[tuple[str, ...]] = STREAM_SUFFIXES
    accepts_text: ClassVar[bool] = True
    can_stream: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_lengths(self.lengths)
        if not 0 < self.tokens_per_pass < self.lengths[-1] - 1:
            raise ValueError(f"its {self.tokens_per_pass} tokens per pass do not fit into {self.lengths[-1]}")

    def scoring_facts(self) -> Mapping[str, Any]:
        """What evaluators should know: what a token is."""
        return {"units": self.vocabulary.kind}

    def with_options(self, options: GenerationOptions) -> GenerationCodec:
        """The codec that writes as the options say."""
        return msgspec.structs.replace(self, options=options)

    def properties(self) -> Mapping[str, Any]:
        """How much the network sees at once, and of which units."""
        units = {"units": self.vocabulary.kind, "vocabulary": len(self.vocabulary)}
        return {"max_tokens": self.lengths[-1], **units}

    def signature(self) -> Signature:
        """What the network takes and gives, as above."""
        inputs = {
            "tokens": ArraySpec((None,), "int32"),
            "draws": ArraySpec((None,), "float32"),
            "sampling": ArraySpec((4,), "float32"),
            "repeated": ArraySpec((len(self.vocabulary),), "float32"),
        }
        outputs = {"log_probabilities": ArraySpec((None,)), "written": ArraySpec((None, 2))}
        return Signature(inputs, outputs)

    def named_axes(self) -> NamedAxes:
        """The tokens in the network's table of vectors, for runs that start from another one."""
        return {"generator/embedding/embeddings": (0, self.vocabulary.tokens)}

    def open_stream(self, source: Any) -> Stream | None:
        """The lines of a file or of the standard input, each of which is continued."""
        return open_stream(source, self.files, whole_files=self.options.whole_files or None)

    def chunks(self, raw: Any) -> Chunks | Samples | None:
        """The chunks of a passage that is longer than what the network sees at once; several samples."""
        if not _is_passage(raw):
            if self.options.samples == 1 or isinstance(raw, Chunk | _Prompt):
                return None
            prompt = self._prompt(raw)
            numbers = range(self.options.samples)
            return Samples([msgspec.structs.replace(prompt, number=number) for number in numbers])
        chunks = self._chunks(self._whole(raw))
        return chunks if chunks.total > 1 else None

    def encode(self, raw: Any) -> Encoded:
        """A text, or a chunk of a text, as the network's input.

        Only the beginning of a passage that is too long is scored; its `chunks` are all of it.

        Raises:
            suite.UserError: if it is no text that can be read.
        """
        if isinstance(raw, Chunk):
            return self._encoded(raw.ids, 0, 0, _Scored(raw))
        if _is_passage(raw):
            whole = self._whole(raw)
            chunk = next(iter(self._chunks(whole)))
            share = len(chunk.ids) / len(whole.ids) if whole.ids else 1.0
            return self._encoded(chunk.ids, 0, 0, _Scored(chunk, share))
        prompt = raw if isinstance(raw, _Prompt) else self._prompt(raw)
        return self._encoded(prompt.ids, self.tokens_per_pass, prompt.written, prompt, prompt.number)

    def decode(self, outputs: Mapping[str, np.ndarray], context: Any = None) -> Continuation:
        """The network's outputs for a text.

        Args:
            outputs: of the network.
            context: that `encode` gave.

        Raises:
            ValueError: if the outputs are not those of such a network.
        """
        log_probabilities = np.asarray(outputs["log_probabilities"])
        written = np.asarray(outputs["written"])
        if np.isnan(log_probabilities).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        if isinstance(context, _Scored):
            return self._scores(log_probabilities, context)
        tokens = written[:, 0].astype(int).tolist()
        if tokens and (min(tokens) < 0 or max(tokens) >= len(self.vocabulary)):
            raise ValueError(
                "the network wrote tokens that the codec does not know; they do not belong together"
            )
        left = self.options.tokens - context.written if self.options.tokens else len(tokens)
        tokens = tokens[: max(0, left)]
        ended = END in tokens
        tokens = tokens[: tokens.index(END)] if ended else tokens
        bits = -float(log_probabilities[1 : len(context.ids) + 1].sum(dtype=np.float64)) / math.log(2)
        text = self._text(tokens)
        return Continuation(
            text=text if context.ids else text.removeprefix(" "),
            bits=bits,
            tokens=len(context.ids),
            ended=ended,
            written=tuple(tokens),
        )

    def next_input(self, raw: Any, predictions: Sequence[Continuation]) -> _Prompt | None:
        """What to encode next; None if the text is complete.

        Args:
            raw: the first input.
            predictions: what the network wrote since, pass by pass.
        """
        if isinstance(raw, Chunk) or _is_passage(raw) or predictions[-1].ended:
            return None
        written = _written(predictions)
        enough = 0 < self.options.tokens <= len(written)
        if enough or self._stopped(self._text(written)) is not None:
            return None
        prompt = raw if isinstance(raw, _Prompt) else self._prompt(raw)
        return self._last([*prompt.ids, *written], prompt.written + len(written), prompt.number)

    def join(self, predictions: Sequence[Continuation]) -> Continuation:
        """One prediction of what the network wrote, pass by pass."""
        first, last = predictions[0], predictions[-1]
        if not first.written:
            return first
        written = _written(predictions)
        text, ended = self._text(written), last.ended
        if not first.text.startswith(" "):
            text = text.removeprefix(" ")
        if (stopped := self._stopped(text)) is not None:
            text, ended = stopped, True
        if not ended:
            # The rest of a character may come with the next pass.
            text = text.rstrip("\N{REPLACEMENT CHARACTER}")
        return msgspec.structs.replace(first, text=text, ended=ended, written=written)

    def _stopped(self, text: str) -> str | None:
        """What comes before the first mark at which writing stops; None if there is none."""
        stops = (*self.options.stops, *(_CHAT_STOPS if self.files.chat else ()))
        found = [position for stop in stops if (position := text.find(stop)) >= 0]
        return text[: min(found)] if found else None

    def _whole(self, raw: Any) -> Chunk:
        text = clean(text_of(raw), self.cleaning)
        ids = self.vocabulary.encode(text)
        surplus = np.zeros(len(ids))
        if self.vocabulary.kind == "characters":
            # A token is a character: an unknown one is spelled in bytes, all equally likely.
            for index in np.flatnonzero(np.array(ids, np.int64) == UNKNOWN).tolist():
                surplus[index] = 8 * len(text[index].encode())
        return Chunk(ids, 0, 0, surplus, isinstance(raw, Dissected))

    def _chunks(self, whole: Chunk) -> Chunks:
        size = self.lengths[-1] - 1
        return Chunks(whole, size, size // 2)

    def _prompt(self, raw: Any) -> _Prompt:
        text = clean(text_of(raw), self.cleaning)
        return self._last(self.vocabulary.encode(asked(text) if self.files.chat else text), 0)

    def _last(self, ids: Sequence[int], written: int, number: int = 0) -> _Prompt:
        return _Prompt(tuple(ids[-(self.lengths[-1] - 1 - self.tokens_per_pass) :]), written, number)

    def _encoded(
        self, ids: Sequence[int], steps: int, written: int, context: Any, number: int = 0
    ) -> Encoded:
        options = self.options
        # The position of a token says which draw is its own, so texts do not depend on the tokens per pass.
        draws = np.random.default_rng(options.seed + number).random(written + steps, np.float32)[written:]
        arrays = {
            "tokens": padded([START, *ids], self.lengths),
            "draws": draws,
            "sampling": np.array(
                [options.temperature, options.top_k, options.top_p, options.repetition_penalty], np.float32
            ),
            "repeated": self._repeated(ids if steps else ()),
        }
        return Encoded(arrays, context)

    def _repeated(self, ids: Sequence[int]) -> np.ndarray:
        """1 for the tokens that a text has already, if repeating them costs anything."""
        repeated = np.zeros(len(self.vocabulary), np.float32)
        if self.options.repetition_penalty != 1:
            repeated[[*ids[-_REACH:]]] = 1
        return repeated

    def _scores(self, log_probabilities: np.ndarray, scored: _Scored) -> Continuation:
        chunk = scored.chunk
        known = -log_probabilities[1 : len(chunk.ids) + 1].astype(np.float64) / math.log(2)
        bits = (known + chunk.surplus)[chunk.first :]
        positions = np.arange(chunk.position, chunk.position + len(bits))
        by_position = np.bincount(np.digitize(positions, POSITIONS), bits, len(POSITIONS) + 1)
        pieces = zip(chunk.ids[chunk.first :], bits.tolist(), strict=True) if chunk.dissected else ()
        return Continuation(
            bits=float(bits.sum()) / scored.share,
            tokens=round(len(bits) / scored.share),
            by_position=tuple(by_position.tolist()),
            pieces=tuple((self._text([token]), bit) for token, bit in pieces),
        )

    def _text(self, ids: Sequence[int]) -> str:
        """The text of written tokens; `Vocabulary.decode` would leave out a space before it."""
        mark = self.vocabulary.encode(_MARK)
        return self.vocabulary.decode([*mark, *ids]).removeprefix(self.vocabulary.decode(mark))


def _written(predictions: Sequence[Continuation]) -> tuple[int, ...]:
    return tuple(token for prediction in predictions for token in prediction.written)


def _is_passage(raw: Any) -> bool:
    """Whether it is a text to be scored, not to be continued."""
    return isinstance(raw, Passage | Dissected)
