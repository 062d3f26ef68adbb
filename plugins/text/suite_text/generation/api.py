"""What another package needs to add a model or a format to text generation.

A format: a loader cuts text into passages by `passages_of`, or indexes files itself by `indexed` and a
storage; its options derive from `TextOptions` or `ReadingOptions`, and `cleaning_from` makes the fact
"cleaning" of them.

A model: `survey` reads the data, a `Vocabulary` makes tokens, and `pipeline` adds codec, batches, loss
and recipe to the two networks that `suite_text.generation.models.language_model.networks_of` makes of a
`LanguageModel`.

Importing it costs nothing; what it offers is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.kit import lazy_exports

if TYPE_CHECKING:
    from suite_text.generation.builders import bytes_of_a_token as bytes_of_a_token
    from suite_text.generation.builders import pipeline as pipeline
    from suite_text.generation.codec import GenerationCodec as GenerationCodec
    from suite_text.generation.examples import Passage as Passage
    from suite_text.generation.examples import Passages as Passages
    from suite_text.generation.examples import indexed as indexed
    from suite_text.generation.examples import no_labels as no_labels
    from suite_text.generation.examples import passages_of as passages_of
    from suite_text.generation.options import GenerationOptions as GenerationOptions
    from suite_text.generation.options import TextOptions as TextOptions
    from suite_text.generation.recipes import context_for as context_for
    from suite_text.generation.recipes import recipe_for as recipe_for
    from suite_text.generation.storage import FileStorage as FileStorage
    from suite_text.generation.storage import Spool as Spool
    from suite_text.generation.survey import Survey as Survey
    from suite_text.generation.survey import survey as survey
    from suite_text.generation.types import Continuation as Continuation
    from suite_text.generation.types import Facts as Facts
    from suite_text.generation.types import Target as Target
    from suite_text.reading.cleaning import as_fact as as_fact
    from suite_text.reading.cleaning import cleaning_from as cleaning_from
    from suite_text.reading.options import ReadingOptions as ReadingOptions
    from suite_text.tokens.vocabulary import Vocabulary as Vocabulary

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Continuation": "suite_text.generation.types",
            "Facts": "suite_text.generation.types",
            "FileStorage": "suite_text.generation.storage",
            "GenerationCodec": "suite_text.generation.codec",
            "GenerationOptions": "suite_text.generation.options",
            "Passage": "suite_text.generation.examples",
            "Passages": "suite_text.generation.examples",
            "ReadingOptions": "suite_text.reading.options",
            "Spool": "suite_text.generation.storage",
            "Survey": "suite_text.generation.survey",
            "Target": "suite_text.generation.types",
            "TextOptions": "suite_text.generation.options",
            "Vocabulary": "suite_text.tokens.vocabulary",
            "as_fact": "suite_text.reading.cleaning",
            "bytes_of_a_token": "suite_text.generation.builders",
            "cleaning_from": "suite_text.reading.cleaning",
            "context_for": "suite_text.generation.recipes",
            "indexed": "suite_text.generation.examples",
            "no_labels": "suite_text.generation.examples",
            "passages_of": "suite_text.generation.examples",
            "pipeline": "suite_text.generation.builders",
            "recipe_for": "suite_text.generation.recipes",
            "survey": "suite_text.generation.survey",
        },
    )
