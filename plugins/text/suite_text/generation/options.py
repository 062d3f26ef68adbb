"""The options of the loader, the model builders and prediction. Light: declarations import them."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import FROM_REQUESTS, Auto, Meta, Options
from suite_text.reading.cleaning import WhiteSpace
from suite_text.reading.options import Header, ReadingOptions


class TextOptions(ReadingOptions, frozen=True):
    """Of the loader `text`. Text is learned as it is written, but for control characters and line ends."""

    white_space: Annotated[
        WhiteSpace, Meta(description="joined: a single space for any white space, line breaks too")
    ] = "kept"
    suffixes: Annotated[
        list[str],
        Meta(description="endings of the files that are read in a folder; empty: .txt, .md and other text"),
    ] = []  # noqa: RUF012 (msgspec copies it)
    text_column: Annotated[
        str,
        Meta(
            description="column of the texts in tables; several, with commas between them, are one text;"
            " empty: conversations, or found by its name"
        ),
    ] = ""
    header: Header = True
    passage_bytes: Annotated[
        int, Meta(ge=64, le=1 << 20, description="bytes of a passage, at most, in UTF-8")
    ] = 2048


class TransformerOptions(Options, frozen=True):
    """A decoder-only Transformer over the units of its vocabulary."""

    units: Annotated[
        Literal["bpe", "unigram", "characters"], Meta(description="what the network reads and writes")
    ] = "bpe"
    vocabulary: Annotated[
        Auto | Annotated[int, Meta(ge=64, le=100_000)],
        Meta(description="how many units there are, at most"),
    ] = "auto"
    context: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=8192)],
        Meta(
            description="tokens that the network sees at once; longer texts are scored in overlapping chunks"
        ),
    ] = "auto"
    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)], Meta(description="share of features dropped in training")
    ] = "auto"
    tokens_per_pass: Annotated[
        int,
        Meta(ge=1, le=1024, description="tokens written in a forward pass, before more of the text is shown"),
    ] = 16


class PresetOptions(Options, frozen=True):
    """A keras-hub preset that writes text in byte pairs."""

    preset: Annotated[
        str,
        Meta(description="a keras-hub preset's name, or the folder of one; fetched only when it is a name"),
    ] = "gpt2_base_en"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture and tokens")
    ] = True
    context: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=131_072)],
        Meta(
            description="tokens that the network sees at once; longer texts are scored in overlapping chunks"
        ),
    ] = "auto"
    tokens_per_pass: Annotated[
        int,
        Meta(ge=1, le=1024, description="tokens written in a forward pass, before more of the text is shown"),
    ] = 16


class GenerationOptions(Options, frozen=True):
    """How much the network writes, how boldly, and where it ends."""

    tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="tokens written at most; 0: as long as the text does not end by itself",
        ),
    ] = 200
    temperature: Annotated[
        float,
        Meta(ge=0, le=10, description="0: always the likeliest token; 1: as learned; more: bolder"),
    ] = 0.8
    top_k: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="only so many of the likeliest tokens can be drawn; 0: all"),
    ] = 0
    top_p: Annotated[
        float,
        Meta(gt=0, le=1, description="only the likeliest tokens that have this share together can be drawn"),
    ] = 0.95
    repetition_penalty: Annotated[
        float,
        Meta(
            ge=1,
            le=10,
            description="how much less likely tokens are that the text has already: 1.2, say; 1: no less",
        ),
    ] = 1.0
    seed: Annotated[int, Meta(ge=0, lt=2**32, description="the same seed writes the same text")] = 0
    stop: Annotated[
        str | tuple[str, ...],
        Meta(
            description="text, or texts, before which writing stops; \\n is a line break; empty: none",
            extra=FROM_REQUESTS,
        ),
    ] = ""
    samples: Annotated[
        int,
        Meta(ge=1, le=1000, description="how many continuations are written of each text, each by itself"),
    ] = 1
    whole_files: Annotated[
        bool, Meta(description="whether a file is a single text to continue, and not each of its lines")
    ] = False

    @property
    def stops(self) -> tuple[str, ...]:
        r"""The texts before which writing stops, with line breaks and tabs for `\n` and `\t`."""
        written = (self.stop,) if isinstance(self.stop, str) else self.stop
        return tuple(mark.replace("\\n", "\n").replace("\\t", "\t") for mark in written if mark)
