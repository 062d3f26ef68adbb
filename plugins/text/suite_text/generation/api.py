"""What another package needs to add a model or a format to text generation.

A format: a loader cuts text into passages by `passages_of`, or indexes files itself by `indexed` and a
storage; its options derive from `TextOptions` or `ReadingOptions`, and `cleaning_from` makes the fact
"cleaning" of them.

A model: `survey` reads the data, a `Vocabulary` makes tokens, and `pipeline` adds codec, batches, loss
and recipe to the two networks that `suite_text.generation.models.language_model.networks_of` makes of a
`LanguageModel`.
"""

from __future__ import annotations

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
