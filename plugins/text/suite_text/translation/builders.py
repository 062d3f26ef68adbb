"""From a dataset and options to everything that training needs."""

from __future__ import annotations

import math

import numpy as np

from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.translation.batches import TranslationBatches
from suite_text.translation.codec import TranslationCodec
from suite_text.translation.options import TransformerOptions
from suite_text.translation.recipes import choices_for, longest_for, recipe_for
from suite_text.translation.survey import counted, survey

EXTRA = 10
"""Tokens that a translation may have more than its length in proportion to the source."""


def transformer(dataset: Dataset, options: TransformerOptions) -> TrainablePipeline:
    """A Transformer: vocabulary, network and training as the data suggests.

    Raises:
        suite.UserError: where the data has nothing to learn from.
    """
    from suite_text.translation.models.loss import SmoothedLoss
    from suite_text.translation.models.translator import NETWORKS, networks

    found = survey(dataset)
    options = resolved(options, {**choices_for(found), "longest": "auto"})
    assert options.vocabulary != "auto"
    vocabulary = found.vocabulary(options.units, options.vocabulary)
    sources, targets = counted(found.sources, vocabulary), 1 + counted(found.targets, vocabulary)
    every = [sources, targets, 1 + counted(found.validation, vocabulary)]
    options = resolved(options, {"longest": longest_for(np.concatenate(every))})
    assert options.longest != "auto"
    codec = TranslationCodec(
        vocabulary=vocabulary,
        lengths=lengths_for(sources, options.longest),
        cleaning=found.cleaning,
        source=str(dataset.facts.get("source", "")),
        widest=options.beam,
        beam=options.beam,
        length_penalty=options.length_penalty,
    )
    ratio = float(np.percentile(targets / np.maximum(sources, 1), 99))
    network, training_network = networks(
        len(vocabulary),
        **NETWORKS[options.network],
        dropout=options.dropout,
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
        batch_maker=TranslationBatches(codec, lengths_for(targets, options.longest + 1)),
        options=options,
        recipe=recipe_for(found, longer),
        lengths=sources + targets,
    )
