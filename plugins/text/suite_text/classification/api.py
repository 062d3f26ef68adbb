"""What another package needs to add a model or a format to text classification.

A format: a loader fills a `Collector`, which cleans texts, checks labels, leaves duplicates out and
gives the data set; its options derive from `ReadingOptions`, or from `FilesOptions` if a folder has a
file for each split.

A model of tokens: `token_pipeline` makes all of it from a function that builds the network. Its options
derive from `TokenOptions`.

A model of something else: `survey` reads the data, a reader (`TokenReader`, `NGramReader`,
`WordPieceReader`) and `ClassificationCodec` encode it, and `pipeline` adds batches, loss and recipe to a
network that takes what the reader gives, with a batch axis, and returns logits (batch, classes). Its options
derive from `TextModelOptions`.

Importing it costs nothing; what it offers is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import suite
from suite.kit import lazy_exports

if TYPE_CHECKING:
    import keras

    from suite.data import Dataset
    from suite.pipeline import TrainablePipeline
    from suite_text.classification.builders import pipeline as pipeline
    from suite_text.classification.builders import token_codec as token_codec
    from suite_text.classification.codec import ClassificationCodec as ClassificationCodec
    from suite_text.classification.examples import Collector as Collector
    from suite_text.classification.options import PredictionOptions as PredictionOptions
    from suite_text.classification.options import TextModelOptions as TextModelOptions
    from suite_text.classification.options import TokenOptions as TokenOptions
    from suite_text.classification.readers.bags import NGramReader as NGramReader
    from suite_text.classification.readers.hashed_words import HashedWords as HashedWords
    from suite_text.classification.readers.ngrams import NGrams as NGrams
    from suite_text.classification.readers.tokens import TokenReader as TokenReader
    from suite_text.classification.readers.word_pieces import WordPieceReader as WordPieceReader
    from suite_text.classification.survey import Survey as Survey
    from suite_text.classification.survey import survey as survey
    from suite_text.classification.types import Classification as Classification
    from suite_text.classification.types import Facts as Facts
    from suite_text.classification.types import Input as Input
    from suite_text.classification.types import Target as Target
    from suite_text.reading.options import FilesOptions as FilesOptions
    from suite_text.reading.options import ReadingOptions as ReadingOptions
    from suite_text.tokens.padding import lengths_for as lengths_for
    from suite_text.tokens.vocabulary import Vocabulary as Vocabulary

if not TYPE_CHECKING:
    __getattr__, __dir__, _exported = lazy_exports(
        __name__,
        {
            "Classification": "suite_text.classification.types",
            "ClassificationCodec": "suite_text.classification.codec",
            "Collector": "suite_text.classification.examples",
            "Facts": "suite_text.classification.types",
            "FilesOptions": "suite_text.reading.options",
            "HashedWords": "suite_text.classification.readers.hashed_words",
            "Input": "suite_text.classification.types",
            "NGramReader": "suite_text.classification.readers.bags",
            "NGrams": "suite_text.classification.readers.ngrams",
            "PredictionOptions": "suite_text.classification.options",
            "ReadingOptions": "suite_text.reading.options",
            "Survey": "suite_text.classification.survey",
            "Target": "suite_text.classification.types",
            "TextModelOptions": "suite_text.classification.options",
            "TokenOptions": "suite_text.classification.options",
            "TokenReader": "suite_text.classification.readers.tokens",
            "Vocabulary": "suite_text.tokens.vocabulary",
            "WordPieceReader": "suite_text.classification.readers.word_pieces",
            "lengths_for": "suite_text.tokens.padding",
            "pipeline": "suite_text.classification.builders",
            "survey": "suite_text.classification.survey",
            "token_codec": "suite_text.classification.builders",
        },
    )
    __all__ = [*_exported, "CODEC", "TASK", "token_pipeline"]  # noqa: PLE0604 - all are texts

TASK = "text-classification"
"""The name of the task."""

CODEC = suite.lazy("suite_text.classification.codec:ClassificationCodec.from_json")
"""The codec of every model of the task, for `suite.ModelBuilder(codec=...)`."""

_TOKEN_DEFAULTS: Mapping[str, Any] = {
    "units": "words",
    "vocabulary": 20_000,
    "max_length": 256,
    "width": 64,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "label_smoothing": 0.0,
    "class_weights": False,
}

ModelOptions = TypeVar("ModelOptions", bound="TokenOptions")


def token_pipeline(
    dataset: Dataset,
    options: ModelOptions,
    network: Callable[[int, int, ModelOptions], keras.Model],
    *,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> TrainablePipeline:
    """The pipeline of a network that reads tokens: with it come vocabulary, codec, batches and loss.

    Args:
        dataset: as the builder gets it.
        options: as the builder gets it, of a class derived from `TokenOptions`.
        network: `network(words, classes, options)` builds a Keras model from `{"tokens": ...}`, int32 (batch,
            tokens) below `words` with 0 for padding, to float32 logits (batch, classes), without a softmax.
            `options` have no "auto" left.
        defaults: by the name of an option, what "auto" becomes. The shared options that are left out get
            values for a small network.
        recipe: values for the training options (epochs, learning_rate, ...); the user's win.

    Raises:
        suite.UserError: if nothing can be learned from the data.
    """
    from suite.options import resolved
    from suite_text.classification.builders import pipeline, token_codec
    from suite_text.classification.survey import survey

    data = survey(dataset)
    options = resolved(options, {**_TOKEN_DEFAULTS, **(defaults or {})})
    codec, words, lengths = token_codec(options, data)
    model = network(words, len(data.classes), options)
    return pipeline(options, data, codec, model, recipe or {}, lengths=lengths)
