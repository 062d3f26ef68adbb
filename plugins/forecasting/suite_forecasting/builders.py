"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from suite import UserError
from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_forecasting.batches import WindowBatches
from suite_forecasting.codec import ForecastCodec
from suite_forecasting.options import (
    DenseOptions,
    ForecastModelOptions,
    LayerOptions,
    LinearOptions,
    MixerOptions,
    RecurrentOptions,
)
from suite_forecasting.recipes import LITTLE, context_for, layer_defaults, member_contexts, recipe_for
from suite_forecasting.survey import Survey, survey

if TYPE_CHECKING:
    from suite_forecasting.models.networks import Body, Member


def assemble(
    dataset: Dataset,
    data: Survey,
    options: ForecastModelOptions,
    members: Sequence[Member],
    recipe: Mapping[str, Any],
    name: str,
) -> TrainablePipeline:
    """The pipeline of a network, with codec, batches and loss.

    Args:
        dataset: with the facts of the task.
        data: the survey of it.
        options: resolved.
        members: of the network.
        recipe: for training.
        name: of the network.

    Raises:
        suite.UserError: for levels that are not in order or lack the median.
    """
    from suite_forecasting.models.losses import QuantileLoss
    from suite_forecasting.models.networks import Form, networks_of

    context = int(options.context)
    levels = levels_of(options)
    form = Form(
        context=context,
        horizon=data.horizon,
        levels=levels,
        season=data.season,
        known=data.known,
        past=data.past,
    )
    networks = networks_of(form, members, name)
    batches = WindowBatches(
        context=context,
        horizon=data.horizon,
        known_means=data.known[0],
        past_means=data.past[0],
        min_history=max(2, min(data.season + 1, context)),
    )
    return TrainablePipeline(
        codec=ForecastCodec(
            context=context,
            horizon=data.horizon,
            levels=levels,
            frequency=str(dataset.facts.get("frequency", "")),
            season=data.season,
            known=tuple(dataset.facts.get("known", ())),
            known_means=tuple(data.known[0].tolist()),
            past=tuple(dataset.facts.get("past", ())),
            past_means=tuple(data.past[0].tolist()),
            columns=dict(dataset.facts.get("columns", {})),
        ),
        network=networks.network,
        training_network=networks.training_network,
        loss=QuantileLoss(levels, [member.logarithmic for member in members]),
        batch_maker=batches,
        options=options,
        recipe=recipe,
    )


def levels_of(options: ForecastModelOptions) -> tuple[float, ...]:
    """The levels of the quantiles.

    Raises:
        suite.UserError: if they do not rise, or the median is not among them.
    """
    levels = options.levels
    if 0.5 not in levels or list(levels) != sorted(set(levels)):
        raise UserError(
            f"levels = {list(levels)}: give the levels of the quantiles in rising order, each once, 0.5 among"
            " them (model.levels)"
        )
    return levels


def linear(dataset: Dataset, options: LinearOptions) -> TrainablePipeline:
    """DLinear or NLinear.

    Raises:
        suite.UserError: if the data cannot be learned from, or for levels that make no sense.
    """
    from suite_forecasting.models import bodies
    from suite_forecasting.models.networks import Member

    data = survey(dataset)
    options = resolved(options, {"context": context_for(data)})
    body = bodies.linear(decompose=options.decompose)
    recipe = recipe_for(data, learning_rate=2e-3)
    members = [Member(context=int(options.context), body=body)]
    return assemble(dataset, data, options, members, recipe, "linear")


def dense(dataset: Dataset, options: DenseOptions) -> TrainablePipeline:
    """Members of dense layers and linear maps; linear maps alone for little data.

    Raises:
        suite.UserError: if the data cannot be learned from, or for levels that make no sense.
    """
    from suite_forecasting.models import bodies

    data = survey(dataset)
    little = data.examples < LITTLE
    options = resolved(options, layer_defaults(data, width=256, depth=0 if little else 2))
    body = (
        bodies.dense(width=int(options.width), depth=int(options.depth), dropout=float(options.dropout))
        if options.depth
        else bodies.linear(decompose=False)
    )
    recipe = recipe_for(data, learning_rate=1e-3 if options.depth else 2e-3)
    return assemble(dataset, data, options, _members(options, data, body), recipe, "dense")


def mixer(dataset: Dataset, options: MixerOptions) -> TrainablePipeline:
    """A mixer of periods.

    Raises:
        suite.UserError: if the data cannot be learned from, or for levels that make no sense.
    """
    from suite_forecasting.models import bodies

    data = survey(dataset)
    options = resolved(options, layer_defaults(data, width=64, depth=2, members=2))
    body = bodies.mixer(width=int(options.width), depth=int(options.depth), dropout=float(options.dropout))
    return assemble(dataset, data, options, _members(options, data, body), recipe_for(data), "mixer")


def recurrent(dataset: Dataset, options: RecurrentOptions) -> TrainablePipeline:
    """A recurrent network.

    Raises:
        suite.UserError: if the data cannot be learned from, or for levels that make no sense.
    """
    from suite_forecasting.models import bodies

    data = survey(dataset)
    options = resolved(options, layer_defaults(data, width=128, depth=1, members=2))
    body = bodies.recurrent(
        width=int(options.width), depth=int(options.depth), dropout=float(options.dropout)
    )
    return assemble(dataset, data, options, _members(options, data, body), recipe_for(data), "recurrent")


def _members(options: LayerOptions, data: Survey, body: Body) -> list[Member]:
    from suite_forecasting.models.networks import Member

    return [
        Member(context=context, body=body, logarithmic=logarithmic)
        for context, logarithmic in member_contexts(int(options.context), data.season, int(options.members))
    ]
