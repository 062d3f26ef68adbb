"""The model builder `preset`."""

from __future__ import annotations

import msgspec

from suite.data import Dataset
from suite.options import chosen
from suite.pipeline import TrainablePipeline
from suite_image_classification.assembly import (
    assembled,
    fine_tuning_stages,
    image_codec,
    refuse_other_channels,
    settled,
)
from suite_image_classification.options import PresetOptions
from suite_image_classification.recipes import fine_tuning_defaults
from suite_image_classification.survey import survey_of


def build(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A keras-hub preset, fine-tuned, or from scratch.

    Raises:
        suite.UserError: if keras-hub is missing, the preset is not known or does not load, or nothing can be
            learned from the data.
    """
    from suite_image_classification.presets.network import preset_network

    survey = survey_of(dataset)
    choices, recipe = fine_tuning_defaults(survey, trained=options.load_weights)
    own_size = options.size == "auto"
    options = settled(options, choices)
    refuse_other_channels(options, "a preset")
    network = preset_network(
        options.preset,
        None if own_size else image_codec(options, survey).size,
        len(survey.classes),
        load_weights=options.load_weights,
        dropout=chosen(options.dropout, 0.0),
    )
    if own_size:
        height, width = network.input.shape[1:3]
        options = msgspec.structs.replace(options, size=height if height == width else (height, width))
    return assembled(options, survey, network, recipe, stages=fine_tuning_stages(network, options))
