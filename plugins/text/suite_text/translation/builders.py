"""From a dataset and options to everything that training needs."""

from __future__ import annotations

import math

import numpy as np

from suite.data import Dataset
from suite.options import chosen, resolved
from suite.pipeline import TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.translation.batches import TranslationBatches
from suite_text.translation.codec import TranslationCodec
from suite_text.translation.options import TransformerOptions
from suite_text.translation.recipes import choices_for, max_length_for, recipe_for
from suite_text.translation.survey import counted, survey

EXTRA = 10
"""How many tokens a translation may have beyond its share of the source's."""


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A Transformer: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: if the data has nothing to learn from.
    """
    from suite_text.translation.models.loss import SmoothedLoss
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
    longer = np.maximum(sources, targets)
    return TrainablePipeline(
        codec=codec,
        network=network,
        training_network=training_network,
        loss=SmoothedLoss(options.label_smoothing),
        batch_maker=TranslationBatches(codec, lengths_for(targets, max_length + 1)),
        options=options,
        recipe=recipe_for(data, longer),
        lengths=sources + targets,
    )
