"""The model builders `residual` and `applications`."""

from __future__ import annotations

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
from suite_image_classification.options import ApplicationsOptions, ResidualOptions
from suite_image_classification.recipes import fine_tuning_defaults, photograph_defaults, small_defaults
from suite_image_classification.survey import survey_of


def residual(dataset: Dataset, options: ResidualOptions) -> TrainablePipeline:
    """A residual network from scratch, for small images or for photographs, whichever the data has.

    Raises:
        suite.UserError: if nothing can be learned from the data.
    """
    from suite_image_classification.models import residual as networks

    survey = survey_of(dataset)
    side = options.size if isinstance(options.size, int) else survey.side
    architecture = chosen(options.architecture, "small" if side <= 64 else "photograph")
    defaults = small_defaults if architecture == "small" else photograph_defaults
    choices, recipe = defaults(survey)
    options = settled(options, {**choices, "architecture": architecture})
    build = (
        networks.small_residual_network if architecture == "small" else networks.photograph_residual_network
    )
    network = build(
        image_codec(options, survey).size,
        len(survey.classes),
        width=chosen(options.width, 32),
        dropout=chosen(options.dropout, 0.0),
        channels=chosen(options.channels, 3),
    )
    return assembled(options, survey, network, recipe)


def applications(dataset: Dataset, options: ApplicationsOptions) -> TrainablePipeline:
    """A network of `keras.applications`, from scratch or from weights.

    Raises:
        suite.UserError: for an unknown family, a size too small for it, or weights that do not fit; or if
            nothing can be learned from the data.
    """
    from suite_image_classification.models.applications import application_network, check_family

    check_family(options.family)
    survey = survey_of(dataset)
    choices, recipe = fine_tuning_defaults(survey, trained=options.weights != "none")
    options = settled(options, choices)
    refuse_other_channels(options, "a network of keras.applications")
    network = application_network(
        options.family,
        image_codec(options, survey).size,
        len(survey.classes),
        weights=options.weights,
        dropout=chosen(options.dropout, 0.0),
    )
    return assembled(options, survey, network, recipe, stages=fine_tuning_stages(network, options))
