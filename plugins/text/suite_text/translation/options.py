"""The options of the loaders, the model builder and prediction. Light: declarations import them."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options
from suite_text.reading.options import FilesOptions, Header


class FilterOptions(FilesOptions, frozen=True):
    """What is left out of the train split because it looks like no translation; each is counted by name."""

    max_ratio: Annotated[
        float,
        Meta(
            ge=0,
            description="leave out pairs with a side this many times as long as usual in this data; 0: none",
        ),
    ] = 0
    copies: Annotated[
        Literal["kept", "removed"], Meta(description="texts that are their own translation")
    ] = "kept"
    wrong_script: Annotated[
        Literal["kept", "removed"],
        Meta(description="pairs with a side in the script of the other, if the two languages have two"),
    ] = "kept"


class ParallelOptions(FilterOptions, frozen=True):
    """Of the loader `parallel`. Splits are named without the language: test_2016_flickr, say."""

    source: Annotated[str, Meta(description="language to translate from, as files end: en")] = ""
    target: Annotated[str, Meta(description="language to translate to; empty: the other one of two")] = ""


class TmxOptions(FilterOptions, frozen=True):
    """Of the loader `tmx`."""

    source: Annotated[str, Meta(description="language to translate from; empty: the header's")] = ""
    target: Annotated[str, Meta(description="language to translate to; empty: the other one of two")] = ""


class TableOptions(FilterOptions, frozen=True):
    """Of the loader `table`."""

    header: Header = True
    source: Annotated[
        str, Meta(description="column with the texts to translate; empty: found by its name (source)")
    ] = ""
    target: Annotated[
        str,
        Meta(description="column with their translations; empty: found by its name, or the other one of two"),
    ] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    group_column: Annotated[
        str,
        Meta(description="column of what examples belong to (a patient, say), which splits keep together"),
    ] = ""


class TransformerOptions(Options, frozen=True):
    """A Transformer (Vaswani et al. 2017) that reads one language and writes the other."""

    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"
    units: Annotated[
        Literal["bpe", "unigram", "characters", "words"],
        Meta(
            description="what the network reads and writes, one after the other; the first two are subwords"
        ),
    ] = "bpe"
    vocabulary: Annotated[
        Auto | Annotated[int, Meta(ge=300, le=100_000)],
        Meta(description="how many units there are, for both languages together"),
    ] = "auto"
    max_length: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=2048)],
        Meta(description="units of a text that are read at once; longer ones are translated in chunks"),
    ] = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)], Meta(description="share of features dropped in training")
    ] = "auto"
    label_smoothing: Annotated[
        float,
        Meta(ge=0, lt=1, description="share of probability that training spreads over all units"),
    ] = 0.1
    beam: Annotated[
        int, Meta(ge=1, le=64, description="translations that the network follows at once, at most")
    ] = 4
    length_penalty: Annotated[
        float,
        Meta(ge=0, le=5, description="alpha of Wu et al. 2016: the greater, the longer translations become"),
    ] = 1.0


class TranslationOptions(Options, frozen=True):
    """How the network searches."""

    beam: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=64)],
        Meta(
            description="translations that are followed at once, no more than the network was built for; 1:"
            " greedy"
        ),
    ] = "auto"
    length_penalty: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=5)],
        Meta(description="the greater, the longer translations become; 0: the likeliest, which is short"),
    ] = "auto"
