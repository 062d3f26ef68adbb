"""The options of the loader, the model builders and prediction. Declarations import this: it costs nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options
from suite_text.reading.cleaning import UnicodeForm, WhiteSpace
from suite_text.reading.options import ReadingOptions



class TextOptions(ReadingOptions, frozen=True):
    """Of the loader `text`. Text is learned as it is written: only control characters are removed."""

    unicode: Annotated[
        UnicodeForm,
        Meta(description="normal form of Unicode: NFKC makes one of look-alikes too (full-width letters)"),
    ] = "none"
    white_space: Annotated[
        WhiteSpace, Meta(description="joined: one space in place of any white space, line breaks too")
    ] = "kept"
    suffixes: Annotated[
        list[str],
        Meta(description="endings of the files that are read in a folder; empty: .txt, .md and other text"),
    ] = []  # noqa: RUF012 (msgspec copies it)
    text_column: Annotated[
        str, Meta(description="what the text is called in JSON lines; empty: found by its name")
    ] = ""
    passage_bytes: Annotated[
        int, Meta(ge=64, le=1 << 20, description="bytes of a passage at most, in UTF-8")
    ] = 2048



class TransformerOptions(Options, frozen=True):
    """A decoder-only Transformer over what its vocabulary makes of text."""

    units: Annotated[
        Literal["bpe", "unigram", "characters"], Meta(description="what the network reads and writes")
    ] = "bpe"
    vocabulary: Annotated[
        Auto | Annotated[int, Meta(ge=64, le=100_000)],
        Meta(description="how many of them there are, at most"),
    ] = "auto"
    context: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=8192)],
        Meta(description="tokens that are seen at once; longer texts are scored in overlapping windows"),
    ] = "auto"
    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)], Meta(description="share of dropped units")
    ] = "auto"
    chunk: Annotated[
        int, Meta(ge=1, le=1024, description="tokens written in one go, before more of the text is shown")
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
        Meta(description="tokens that are seen at once; longer texts are scored in overlapping windows"),
    ] = "auto"
    chunk: Annotated[
        int, Meta(ge=1, le=1024, description="tokens written in one go, before more of the text is shown")
    ] = 16



class GenerationOptions(Options, frozen=True):
    """How much is written, how boldly, and where it ends."""

    tokens: Annotated[
        int, Meta(ge=0, description="tokens written at most; 0: as long as the text does not end by itself")
    ] = 200
    temperature: Annotated[
        float,
        Meta(ge=0, le=10, description="0: always the likeliest token; 1: as learned; more: bolder"),
    ] = 0.8
    top_k: Annotated[
        int, Meta(ge=0, description="only so many of the likeliest tokens are drawn from; 0: all")
    ] = 0
    top_p: Annotated[
        float,
        Meta(gt=0, le=1, description="only the likeliest tokens are drawn from that have this share"),
    ] = 0.95
    seed: Annotated[int, Meta(ge=0, description="the same seed writes the same text")] = 0
    stop: Annotated[str, Meta(description="text before which writing stops; empty: none")] = ""
