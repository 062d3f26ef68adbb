"""Scores a network on the validation split while it is being trained, as its predictions will be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import keras
import numpy as np

from suite.contributions import Contributed, Evaluator
from suite.data.dataset import Example, Examples
from suite.evaluation.scoring import score
from suite.evaluation.types import Pairs
from suite.pipeline.codec import Arrays
from suite.pipeline.networks import KerasNetwork
from suite.pipeline.trainable import TrainablePipeline, stack
from suite.prediction.encoding import encode, same_shapes
from suite.prediction.predictor import LoadedPipeline
from suite.training.batches import PreparedExamples

MOST_AT_ONCE = 128


class _Prepared(NamedTuple):
    """A validation example, read: what is the same after every epoch."""

    inputs: Arrays
    targets: Arrays | None
    context: Any
    example: Example
    for_batch: Any = None


class Validation:
    """Called after an epoch: encodes by the codec, runs the network, decodes, and asks the evaluators.

    The loss is that of the network's outputs; where another network is trained in its place, it is that one's
    on the batches that the batch maker makes, always of the same random numbers.

    Args:
        pipeline: with the network that is being trained.
        examples: the validation split.
        task: the task's name.
        builder: the model builder as `plugin:name`.
        facts: of the data set.
        evaluators: give the numbers.
        evaluator_options: by evaluator name.
        training_batch: examples in a batch of the batch maker's.
        threads: that encode.
        budget: bytes of encoded examples that may be kept.
        skip_unreadable: leave out what cannot be read instead of raising its error.
        noticed: told of each example that is left out.
    """

    def __init__(
        self,
        pipeline: TrainablePipeline,
        examples: Examples,
        *,
        task: str,
        builder: str,
        facts: Mapping[str, Any],
        evaluators: Sequence[Contributed[Evaluator[Any]]],
        evaluator_options: Mapping[str, Mapping[str, Any]],
        training_batch: int,
        threads: int,
        budget: int,
        skip_unreadable: bool,
        noticed: Any,
    ) -> None:
        self.pipeline = pipeline
        self.examples = examples
        self.facts = facts
        self.evaluators = evaluators
        self.evaluator_options = evaluator_options
        self.training_batch = training_batch
        self.threads = threads
        self.batch_size = _even(len(examples), MOST_AT_ONCE)
        network = KerasNetwork(pipeline.network, self.batch_size, pipeline.trained_network)
        self._codec = pipeline.codec.for_scoring()
        self._runner = LoadedPipeline(task, builder, self._codec, network, facts, self.batch_size)
        self._forced = None
        if pipeline.training_network is not None:
            self._forced = KerasNetwork(pipeline.training_network, training_batch)
        # An unreadable example is replaced by the next one, which then counts twice: few are, and the final
        # scores, which leave them out, do not come from here.
        self.encoded = PreparedExamples(
            examples, self._prepare, budget, skip_unreadable=skip_unreadable, noticed=noticed
        )

    def __call__(self) -> dict[str, float]:
        """The mean loss as "loss", and the evaluators' numbers."""
        targets, predictions, ids = [], [], []
        total = 0.0
        with ThreadPoolExecutor(self.threads, thread_name_prefix="validation") as pool:
            for start in range(0, len(self.examples), self.batch_size):
                indices = range(start, min(start + self.batch_size, len(self.examples)))
                prepared = list(pool.map(self.encoded.__getitem__, indices))
                for group in same_shapes({place: one[:2] for place, one in enumerate(prepared)}):
                    of_group = [prepared[place] for place in group]
                    outputs = self._runner.network(stack([one.inputs for one in of_group]))
                    if self._forced is None:
                        wanted = stack([one.targets for one in of_group if one.targets is not None])
                        total += len(group) * self._loss(wanted, outputs)
                    firsts = self._runner.decode_each(outputs, [one.context for one in of_group])
                    raws = [one.example.input for one in of_group]
                    predictions += self._runner.complete_each(raws, firsts)
                    targets += [one.example.target for one in of_group]
                    ids += [one.example.id for one in of_group]
                if self._forced is not None:
                    total += self._forced_loss(self._forced, prepared)
        pairs = Pairs(targets, predictions, ids, facts=self.facts)
        scores = score(self.evaluators, pairs, self.evaluator_options, intervals=False)
        return {"loss": total / len(self.examples), **scores.numbers}

    def _prepare(self, example: Example) -> _Prepared:
        encoded = encode(self._codec, example.input)
        if self._forced is not None:
            for_batch = self.pipeline.batches.prepare(example)
            return _Prepared(encoded.arrays, None, encoded.context, example, for_batch)
        return _Prepared(encoded.arrays, self.pipeline.targets(example.target), encoded.context, example)

    def _forced_loss(self, network: KerasNetwork, prepared: Sequence[_Prepared]) -> float:
        """The sum of the loss of the training network over examples."""
        total = 0.0
        size = _even(len(prepared), self.training_batch)
        for start in range(0, len(prepared), size):
            of_batch = [one.for_batch for one in prepared[start : start + size]]
            made = self.pipeline.batches.make(of_batch, np.random.default_rng(0), 0.0)
            inputs, targets, *weights = made
            total += len(of_batch) * self._loss(targets, network(inputs), *weights)
        return total

    def _loss(self, targets: Arrays, outputs: Arrays, weights: Arrays | None = None) -> float:
        loss = self.pipeline.loss
        if isinstance(loss, Mapping):
            assert isinstance(targets, dict)
            assert isinstance(outputs, dict)
            of_output = weights if isinstance(weights, dict) else dict.fromkeys(loss, weights)
            return sum(
                _value(one, targets[name], outputs[name], of_output.get(name)) for name, one in loss.items()
            )
        return _value(loss, targets, outputs, weights)


def _even(count: int, most: int) -> int:
    """How many at a time, for pieces of about one size: the network pads a smaller last one."""
    pieces = -(-count // most)
    return -(-count // pieces)


def _value(loss: Any, targets: Arrays, outputs: Arrays, weights: Arrays | None = None) -> float:
    value = loss(targets, outputs) if weights is None else loss(targets, outputs, sample_weight=weights)
    return float(keras.ops.convert_to_numpy(value))
