"""What another package needs to add a model or a format to translation.

A format: a loader fills a `Collector`, which cleans texts, leaves duplicates out and gives the data set;
its options derive from `ReadingOptions`, or from `FilesOptions` if a folder has a file for each split.

A model: `survey` reads the data, `TranslationCodec` encodes it, and `pipeline` adds batches, loss and
recipe to two networks of the same layers: the shipped one takes `source` int32 (batch, length) and
`search` float32 (batch, 2) and returns float32 (batch, positions, 2), tokens and log-probabilities; the
trained one takes `source` and `target` int32 (batch, length) and returns float32 (batch, length, 2), as
`SmoothedLoss` documents. `beam_search` searches inside a network of any kind.

Importing it costs nothing; what it offers is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.kit import lazy_exports

if TYPE_CHECKING:
    from suite_text.reading.options import FilesOptions as FilesOptions
    from suite_text.reading.options import ReadingOptions as ReadingOptions
    from suite_text.reading.problems import Problems as Problems
    from suite_text.tokens.padding import lengths_for as lengths_for
    from suite_text.tokens.vocabulary import Vocabulary as Vocabulary
    from suite_text.translation.builders import pipeline as pipeline
    from suite_text.translation.codec import TranslationCodec as TranslationCodec
    from suite_text.translation.direction import direction as direction
    from suite_text.translation.examples import Collector as Collector
    from suite_text.translation.options import TranslationOptions as TranslationOptions
    from suite_text.translation.survey import Survey as Survey
    from suite_text.translation.survey import counted as counted
    from suite_text.translation.survey import survey as survey
    from suite_text.translation.types import Facts as Facts
    from suite_text.translation.types import Input as Input
    from suite_text.translation.types import Target as Target
    from suite_text.translation.types import Translation as Translation

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Collector": "suite_text.translation.examples",
            "Facts": "suite_text.translation.types",
            "FilesOptions": "suite_text.reading.options",
            "Input": "suite_text.translation.types",
            "Problems": "suite_text.reading.problems",
            "ReadingOptions": "suite_text.reading.options",
            "Survey": "suite_text.translation.survey",
            "Target": "suite_text.translation.types",
            "Translation": "suite_text.translation.types",
            "TranslationCodec": "suite_text.translation.codec",
            "TranslationOptions": "suite_text.translation.options",
            "Vocabulary": "suite_text.tokens.vocabulary",
            "counted": "suite_text.translation.survey",
            "direction": "suite_text.translation.direction",
            "lengths_for": "suite_text.tokens.padding",
            "pipeline": "suite_text.translation.builders",
            "survey": "suite_text.translation.survey",
        },
    )
