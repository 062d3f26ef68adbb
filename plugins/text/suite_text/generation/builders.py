"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.reading.cleaning import Cleaning, cleaning_of
from suite_text.generation.batches import PassageBatches
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import TransformerOptions
from suite_text.generation.options import PresetOptions
from suite_text.generation.recipes import recipe_for, transformer_defaults, vocabulary_for
from suite_text.generation.survey import Survey, survey
from suite_text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    import keras


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A decoder-only Transformer from scratch: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: where the data has nothing to learn from, or an option does not fit it.
    """
    from suite_text.generation.models.generator import NETWORKS, generation_network

    cleaning = cleaning_of(dataset.facts)
    found = survey(dataset, cleaning)
    options = resolved(options, {"vocabulary": vocabulary_for(found, options)})
    assert options.vocabulary != "auto"
    vocabulary = Vocabulary.learn(found.texts, options.units, options.vocabulary)
    bytes_per_token = bytes_of_a_token(vocabulary, found)
    options = resolved(options, transformer_defaults(found, options, bytes_per_token))
    assert options.context != "auto"
    assert options.network != "auto"
    assert options.dropout != "auto"
    size: Any = NETWORKS[options.network]
    return assembled(
        options,
        vocabulary,
        generation_network(len(vocabulary), dropout=options.dropout, **size),
        recipe_for(found, bytes_per_token, options.context),
        cleaning=cleaning,
        counts=found.sizes / bytes_per_token,
    )


def bytes_of_a_token(vocabulary: Vocabulary, found: Survey) -> float:
    """How many bytes of text a token stands for, on average."""
    tokens = sum(len(ids) for ids in vocabulary.encode_batch(found.texts))
    return sum(len(text.encode()) for text in found.texts) / max(1, tokens)


def assembled(
    options: TransformerOptions | PresetOptions,
    vocabulary: Vocabulary,
    networks: tuple[keras.Model, keras.Model],
    recipe: Mapping[str, Any],
    *,
    cleaning: Cleaning,
    counts: np.ndarray,
) -> TrainablePipeline:
    """The pipeline of a network.

    Args:
        options: resolved.
        vocabulary: of the network.
        networks: the one that is shipped, and the one that is trained.
        recipe: for training.
        cleaning: of the texts.
        counts: (passages,), tokens of each training passage, about.
    """
    from suite_text.generation.models.loss import TokenLoss

    context = options.context
    assert context != "auto"
    counts = counts.round().astype(int) + 2
    codec = GenerationCodec(
        vocabulary=vocabulary,
        lengths=lengths_for(counts, context),
        # So that at least half of what is seen is what was given.
        chunk=min(options.chunk, max(1, (context - 2) // 2)),
        cleaning=cleaning,
    )
    shipped, trained = networks
    return TrainablePipeline(
        codec=codec,
        network=shipped,
        training_network=trained,
        loss=TokenLoss(),
        batch_maker=PassageBatches(codec),
        options=options,
        recipe=recipe,
        lengths=np.minimum(counts, context),
    )
