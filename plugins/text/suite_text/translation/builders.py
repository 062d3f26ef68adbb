"""From a dataset and options to everything that training needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from suite.data import Dataset
from suite.options import Options, chosen, resolved
from suite.pipeline import TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.translation.batches import TranslationBatches
from suite_text.translation.codec import TranslationCodec
from suite_text.translation.options import TransformerOptions
from suite_text.translation.recipes import choices_for, max_length_for, recipe_for
from suite_text.translation.survey import Survey, counted, survey

if TYPE_CHECKING:
    import keras

EXTRA = 10
"""How many tokens a translation may have beyond its share of the source's."""


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A Transformer: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: if the data has nothing to learn from.
    """
    from suite_text.translation.models.translator import NETWORKS, networks

    data = survey(dataset)
    options = resolved(options, choices_for(data))
    vocabulary = data.vocabulary(options.units, int(options.vocabulary))
    sources, targets = counted(data.sources, vocabulary), 1 + counted(data.targets, vocabulary)
    counts = np.concatenate([sources, targets, 1 + counted(data.validation, vocabulary)])
    options = resolved(options, {"max_length": max_length_for(counts)})
    max_length = int(options.max_length)
    codec = TranslationCodec(
        vocabulary=vocabulary,
        lengths=lengths_for(sources, max_length),
        cleaning=data.cleaning,
        source=str(dataset.facts.get("source", "")),
        max_beam=options.beam,
        beam=options.beam,
        length_penalty=options.length_penalty,
        max_sentences=data.max_sentences,
        files=data.files,
    )
    ratio = float(np.percentile(targets / np.maximum(sources, 1), 99))
    network, training_network = networks(
        len(vocabulary),
        **NETWORKS[chosen(options.network, "tiny")],
        dropout=float(options.dropout),
        beams=options.beam,
        ratio=int(np.clip(math.ceil(8 * ratio), 8, 64)),
        extra=EXTRA,
    )
    return pipeline(
        options,
        data,
        codec,
        (network, training_network),
        label_smoothing=options.label_smoothing,
        source_lengths=sources,
        target_lengths=targets,
    )


def pipeline(
    options: Options,
    data: Survey,
    codec: TranslationCodec,
    networks: tuple[keras.Model, keras.Model],
    *,
    label_smoothing: float,
    source_lengths: np.ndarray,
    target_lengths: np.ndarray,
) -> TrainablePipeline:
    """The pipeline of a network, with the batches, the loss and the recipe that suit the data.

    Args:
        options: resolved.
        data: the survey of the data.
        codec: of the network.
        networks: the shipped one, and the one that is trained; see `suite_text.translation.api`.
        label_smoothing: the share of probability that is spread over all tokens.
        source_lengths: (pairs,), tokens of each training text.
        target_lengths: (pairs,), tokens of each translation, its end included.
    """
    from suite_text.translation.models.loss import SmoothedLoss

    shipped, trained = networks
    return TrainablePipeline(
        codec=codec,
        network=shipped,
        training_network=trained,
        loss=SmoothedLoss(label_smoothing),
        batch_maker=TranslationBatches(codec, lengths_for(target_lengths, codec.lengths[-1] + 1)),
        options=options,
        recipe=recipe_for(data, np.maximum(source_lengths, target_lengths)),
        lengths=source_lengths + target_lengths,
    )
