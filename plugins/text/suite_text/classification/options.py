"""The options of the loaders, the model builders and prediction. Light: declarations import them."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options
from suite_classification.options import LabelOptions
from suite_text.reading.options import FilesOptions, Header, ReadingOptions

Share = Annotated[float, Meta(ge=0, lt=1)]
Language = Annotated[
    str,
    Meta(description="code of the texts' language, if it has capitals of its own: tr, az; empty: any other"),
]


class TableOptions(FilesOptions, frozen=True):
    """Of the loader `table`."""

    header: Header = True
    text_column: Annotated[
        str,
        Meta(
            description="column with the texts; several, with commas between them, are read one after the"
            " other; empty: found by its name"
        ),
    ] = ""
    label_column: Annotated[
        str,
        Meta(
            description="column with the labels; several, with commas between them, have 1 if a text has the"
            " label that a column is called after; empty: found by its name"
        ),
    ] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    group_column: Annotated[
        str,
        Meta(description="column of what examples belong to (a patient, say), which splits keep together"),
    ] = ""
    label_separator: Annotated[
        str,
        Meta(description="what separates several labels in a cell; empty: a cell is one label"),
    ] = ""
    language: Language = ""
    missing_labels: Annotated[
        tuple[str, ...], Meta(description="what stands where there is no label; such rows are left out")
    ] = ("nan", "NaN", "NAN", "N/A", "n/a", "#N/A", "NA", "<NA>", "NULL", "null", "None")


class FolderOptions(ReadingOptions, frozen=True):
    """Of the loader `folder`."""

    language: Language = ""


class LabeledLinesOptions(FilesOptions, frozen=True):
    """Of the loader `labeled-lines`."""

    label_separator: Annotated[
        str,
        Meta(description="what separates several labels before the tab; empty: that is one label"),
    ] = ""
    language: Language = ""


class TextModelOptions(Options, frozen=True):
    """What every model builder of this task takes."""

    label_smoothing: Annotated[
        Auto | Share, Meta(description="share of the target spread evenly over the classes")
    ] = "auto"
    class_weights: Annotated[
        Auto | bool,
        Meta(description="whether texts of rare classes count more, as if all classes were as frequent"),
    ] = "auto"
    dropout: Annotated[Auto | Share, Meta(description="share of features dropped before the last layer")] = (
        "auto"
    )


class BagOptions(TextModelOptions, frozen=True):
    """N-grams, weighed by how rare they are, and convolutions over words beside them."""

    words: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=6)],
        Meta(description="words of the longest n-grams; in scripts without spaces a character is a word"),
    ] = "auto"
    characters: Annotated[
        Auto | Annotated[tuple[Annotated[int, Meta(ge=0, le=10)], ...], Meta(min_length=2, max_length=2)],
        Meta(description="characters of the shortest and the longest n-grams of them; [0, 0]: none"),
    ] = "auto"
    across_words: Annotated[
        Auto | bool,
        Meta(
            description="whether n-grams of characters go across the borders of words; auto: in scripts"
            " without spaces"
        ),
    ] = "auto"
    min_count: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=1_000_000_000)],
        Meta(description="how many training texts an n-gram must be in to count"),
    ] = "auto"
    max_ngrams: Annotated[
        int, Meta(ge=1, le=4_000_000, description="how many n-grams count, the most frequent ones")
    ] = 400_000
    width: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=1024)],
        Meta(description="hidden features that are made of the n-grams beside the linear part; 0: none"),
    ] = "auto"
    filters: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=1024)],
        Meta(description="filters of each width of the convolutions beside the n-grams; 0: none"),
    ] = "auto"
    parts: Annotated[
        Auto | bool,
        Meta(
            description="whether the convolutions also read what words are made of (n-grams of characters)"
            " and how they are written (capitals, digits); auto: except in scripts without spaces"
        ),
    ] = "auto"
    ngram_dropout: Annotated[
        Auto | Share, Meta(description="share of the n-grams of a text dropped in training")
    ] = "auto"
    word_dropout: Annotated[
        Auto | Share, Meta(description="share of the words that the convolutions read as unknown in training")
    ] = "auto"


class TokenOptions(TextModelOptions, frozen=True):
    """What is common to the networks that read one token after the other."""

    units: Annotated[
        Auto | Literal["words", "characters", "bpe", "unigram"],
        Meta(description="what the network reads, one after the other; the last two are subwords"),
    ] = "auto"
    vocabulary: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=200_000)], Meta(description="how many units there are, at most")
    ] = "auto"
    max_length: Annotated[
        Auto | Annotated[int, Meta(ge=4, le=8192)],
        Meta(description="units that are read at once; longer texts are read in chunks and averaged"),
    ] = "auto"
    width: Annotated[Auto | Annotated[int, Meta(ge=4, le=1024)], Meta(description="features of a unit")] = (
        "auto"
    )
    word_dropout: Annotated[
        Auto | Share, Meta(description="share of the units read as unknown in training")
    ] = "auto"


class ConvolutionalOptions(TokenOptions, frozen=True):
    """Convolutions of several widths and the largest value of each filter (Kim 2014, arXiv:1408.5882)."""

    filters: Annotated[
        Auto | Annotated[int, Meta(ge=4, le=1024)], Meta(description="filters of each width")
    ] = "auto"
    kernels: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=20)], ...],
        Meta(min_length=1, max_length=8, description="units that the filters see"),
    ] = (2, 3, 4)
    embedding_dropout: Annotated[
        Auto | Share, Meta(description="share of the units' features dropped in training")
    ] = "auto"


class EncoderOptions(TokenOptions, frozen=True):
    """A small Transformer encoder."""

    depth: Annotated[Auto | Annotated[int, Meta(ge=1, le=24)], Meta(description="number of blocks")] = "auto"
    heads: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=64)],
        Meta(description="heads of the attention; twice their number divides the width"),
    ] = "auto"
    block_dropout: Annotated[
        Auto | Share,
        Meta(description="share of what attention and feed-forward layers add that is dropped in training"),
    ] = "auto"


class PresetOptions(TextModelOptions, frozen=True):
    """A keras-hub preset of the BERT family."""

    preset: Annotated[
        str,
        Meta(description="a keras-hub preset's name, or the folder of one; fetched only when it is a name"),
    ] = "bert_tiny_en_uncased"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture and tokens")
    ] = True
    max_length: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=8192)],
        Meta(description="tokens that are read at once; longer texts are read in chunks and averaged"),
    ] = "auto"
    frozen_share: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=1)],
        Meta(description="share of the epochs in which only the last layers learn; 1 is all of them"),
    ] = "auto"
    backbone_learning_rate: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="factor of the learning rate once the whole network learns"),
    ] = "auto"


class PredictionOptions(LabelOptions, frozen=True):
    """How files are read, and which labels and scores are given."""

    whole_files: Annotated[
        Auto | bool,
        Meta(
            description="whether a file is one text, or each line and each row of a table is; auto: as in"
            " training"
        ),
    ] = "auto"
    top: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="how many classes are listed with their scores, the likeliest; 0: all",
        ),
    ] = 0
