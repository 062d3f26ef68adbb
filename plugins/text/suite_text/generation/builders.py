"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_text.buckets import lengths_for
from suite_text.cleaning import cleaning_of
from suite_text.generation.batches import PassageBatches
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.model_options import TransformerOptions
from suite_text.generation.recipes import recipe_for, transformer_defaults, vocabulary_for
from suite_text.generation.survey import survey
from suite_text.vocabulary import Vocabulary


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A decoder-only Transformer from scratch: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: where the data has nothing to learn from, or an option does not fit it.
    """
    from suite_text.generation.models.generator import NETWORKS, generation_network
    from suite_text.generation.models.loss import TokenLoss

    cleaning = cleaning_of(dataset.facts)
    found = survey(dataset, cleaning)
    options = resolved(options, {"vocabulary": vocabulary_for(found, options)})
    assert options.vocabulary != "auto"
    vocabulary = Vocabulary.learn(found.texts, options.units, options.vocabulary)
    tokens = sum(len(ids) for ids in vocabulary.encode_batch(found.texts))
    bytes_per_token = sum(len(text.encode()) for text in found.texts) / max(1, tokens)
    options = resolved(options, transformer_defaults(found, options, bytes_per_token))
    assert options.context != "auto"
    assert options.network != "auto"
    assert options.dropout != "auto"
    counts = (found.sizes / bytes_per_token).round().astype(int) + 2
    codec = GenerationCodec(
        vocabulary=vocabulary,
        lengths=lengths_for(counts, options.context),
        # So that at least half of what is seen is what was given.
        chunk=min(options.chunk, max(1, (options.context - 2) // 2)),
        cleaning=cleaning,
    )
    size: Any = NETWORKS[options.network]
    shipped, trained = generation_network(len(vocabulary), dropout=options.dropout, **size)
    return TrainablePipeline(
        codec=codec,
        network=shipped,
        training_network=trained,
        loss=TokenLoss(),
        batch_maker=PassageBatches(codec),
        options=options,
        recipe=recipe_for(found, bytes_per_token, options.context),
        lengths=np.minimum(counts, options.context),
    )
