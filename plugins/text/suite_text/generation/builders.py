"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.data import Dataset
from suite.options import Options, chosen, resolved
from suite.pipeline import TrainablePipeline
from suite_text.generation.batches import PassageBatches
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import TransformerOptions
from suite_text.generation.recipes import recipe_for, transformer_defaults, vocabulary_for
from suite_text.generation.survey import Survey, survey
from suite_text.reading.cleaning import Cleaning, cleaning_of
from suite_text.reading.input_files import InputFiles, input_files_of
from suite_text.tokens.padding import lengths_for
from suite_text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    import keras


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A decoder-only Transformer from scratch: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: if the data has nothing to learn from, or an option does not fit it.
    """
    from suite_text.generation.models.generator import NETWORKS, generation_network

    cleaning = cleaning_of(dataset.facts)
    data = survey(dataset, cleaning)
    options = resolved(options, {"vocabulary": vocabulary_for(data, options)})
    vocabulary = Vocabulary.learn(data.texts, options.units, int(options.vocabulary))
    bytes_per_token = bytes_of_a_token(vocabulary, data)
    options = resolved(options, transformer_defaults(data, options, bytes_per_token))
    size: Any = NETWORKS[chosen(options.network, "tiny")]
    return pipeline(
        options,
        vocabulary,
        generation_network(len(vocabulary), dropout=float(options.dropout), **size),
        recipe_for(data, bytes_per_token, int(options.context)),
        context=int(options.context),
        tokens_per_pass=options.tokens_per_pass,
        cleaning=cleaning,
        files=input_files_of(dataset.facts),
        counts=data.sizes / bytes_per_token,
    )


def bytes_of_a_token(vocabulary: Vocabulary, data: Survey) -> float:
    """How many bytes of text a token stands for, on average."""
    tokens = sum(len(ids) for ids in vocabulary.encode_batch(data.texts))
    return sum(len(text.encode()) for text in data.texts) / max(1, tokens)


def pipeline(
    options: Options,
    vocabulary: Vocabulary,
    networks: tuple[keras.Model, keras.Model],
    recipe: Mapping[str, Any],
    *,
    context: int,
    tokens_per_pass: int,
    cleaning: Cleaning,
    files: InputFiles,
    counts: np.ndarray,
) -> TrainablePipeline:
    """The pipeline of a network.

    Args:
        options: resolved.
        vocabulary: of the network.
        networks: the shipped one, and the one that is trained.
        recipe: for training.
        context: tokens that the network sees at once.
        tokens_per_pass: tokens that it writes in a forward pass, at most.
        cleaning: of the texts.
        files: how files hold the texts.
        counts: (passages,), approximate tokens of each training passage.
    """
    from suite_text.generation.models.loss import TokenLoss

    counts = counts.round().astype(int) + 2
    codec = GenerationCodec(
        vocabulary=vocabulary,
        lengths=lengths_for(counts, context),
        # So that at least half of what the network sees is the input.
        tokens_per_pass=min(tokens_per_pass, max(1, (context - 2) // 2)),
        cleaning=cleaning,
        files=files,
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
