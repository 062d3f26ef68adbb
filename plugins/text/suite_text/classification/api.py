"""What another package needs to add a model or a format to text classification.

A format: a loader fills a `Collector`, which cleans texts, checks labels, leaves duplicates out and
gives the data set; its options derive from `ReadingOptions`, or from `FilesOptions` if a folder has a
file for each split.

A model: `survey` reads the data, a reader (`TokenReader`, `NGramReader`, `WordPieceReader`) and
`ClassificationCodec` encode it, and `pipeline` adds batches, loss and recipe to a network that takes
what the reader gives, with a batch axis, and returns logits (batch, classes). Its options derive from
`TextModelOptions`.

Importing it costs nothing; what it offers is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.kit import lazy_exports

if TYPE_CHECKING:
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
    __getattr__, __dir__, __all__ = lazy_exports(
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
