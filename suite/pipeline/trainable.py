"""What a model builder gives: a codec, a network, and all that training them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.options import NoOptions, Options
from suite.pipeline.batch_makers import BatchMaker, Stacked
from suite.pipeline.codec import Arrays, Codec

if TYPE_CHECKING:
    import keras

    from suite.evaluation.types import Pairs


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of training with some layers frozen.

    Attributes:
        share: its share of all epochs.
        freeze: names of layers of the network that is trained which do not learn in this stage.
        learning_rate_factor: multiplies the run's learning rate.
    """

    share: float = 1.0
    freeze: tuple[str, ...] = ()
    learning_rate_factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TrainablePipeline:
    """What a model builder gives: everything that training needs, nothing of it trained.

    Attributes:
        codec: fitted on the training split.
        network: a built `keras.Model`, not compiled: what is shipped. Name its layers: `--init` and resume
            find weights by their paths.
        loss: a `keras.losses.Loss`, or one by output name.
        batch_maker: makes the training batches; None stands for `Stacked(codec, targets)`.
        targets: `targets(target) -> array(s)` for the loss on validation, without a batch axis; not asked for
            if there is a `training_network`.
        options: the builder's options with no "auto" left.
        recipe: values for the training options that suit this network and this data; a value that the
            user gives wins over them, and they win over the host's defaults.
        stages: more than one for fine-tuning.
        momentum_layers: names of layers of the network that is trained, linear ones of many rare features,
            that learn by stochastic gradient descent with momentum while the others learn by adam or adamw,
            each with a factor of the learning rate. Other optimizers treat all layers alike.
        calibrate: `calibrate(codec, pairs) -> codec`: the codec that is shipped, from what the trained
            network predicted for the validation split (a threshold, say). None leaves it as it is.
        lengths: (training examples,), how long each one is, in any unit: examples of alike lengths then share
            batches. Axis 1 of inputs and targets may differ from batch to batch, best among a few values.
            None if all are of one shape.
        training_network: what is trained in the place of `network`, if the two differ: a network that
            writes searches by itself, and is trained on each token after the true ones before it. A built
            `keras.Model` of the very same layers, which takes what the batch maker makes and gives what the
            loss takes. Its layers are those that a stage freezes. The loss on validation is its loss on
            the batches that the batch maker makes of the validation split.
        notes: sentences for people on how the network fits the data; they are shown and in the report.
    """

    codec: Codec
    network: keras.Model
    loss: Any
    batch_maker: BatchMaker | None = None
    targets: Callable[[Any], Arrays] | None = None
    options: Options = field(default_factory=NoOptions)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[Stage, ...] = (Stage(),)
    momentum_layers: Mapping[str, float] = field(default_factory=dict)
    calibrate: Callable[[Any, Pairs], Codec] | None = None
    lengths: np.ndarray | None = None
    training_network: keras.Model | None = None
    notes: Sequence[str] = ()

    @cached_property
    def batches(self) -> BatchMaker:
        """The batch maker, or the plain one."""
        if self.batch_maker is not None:
            return self.batch_maker
        if self.targets is None:
            raise ValueError("a pipeline without a batch maker needs targets")
        return Stacked(self.codec, self.targets)

    @property
    def by_momentum(self) -> dict[str, float]:
        """The factors of `momentum_layers`, by the paths of variables."""
        return {
            variable.path: factor
            for name, factor in self.momentum_layers.items()
            for variable in self.trained_network.get_layer(name).trainable_variables
        }

    @property
    def trained_network(self) -> keras.Model:
        """The network that training is done on, which holds the weights of the one that is shipped."""
        return self.network if self.training_network is None else self.training_network
