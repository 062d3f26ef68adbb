"""Scores a network on the validation split while it is being trained, as its predictions will be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import keras
import numpy as np

from suite.contributions import Contributed, Evaluator, Task
from suite.data.dataset import Example, Examples
from suite.devices import Device
from suite.evaluation.checks import check_predictions
from suite.evaluation.failing import LeaveOut
from suite.evaluation.metrics import check_metric
from suite.evaluation.scoring import score
from suite.evaluation.types import Pairs
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Arrays
from suite.pipeline.networks import KerasNetwork
from suite.pipeline.trainable import TrainablePipeline
from suite.prediction.encoding import chunks_of, encode, same_shapes
from suite.prediction.predictor import LoadedPipeline
from suite.threads import in_threads
from suite.training.prepared import PreparedExamples

MAX_BATCH_SIZE = 128


class _Prepared(NamedTuple):
    """A validation example, read: what is the same after every epoch.

    What the codec predicts in chunks has no inputs: the chunks are read after every epoch.
    """

    inputs: Arrays | None
    targets: Arrays | None
    context: Any
    example: Example
    for_batch: Any = None


class Validation:
    """Called after an epoch: encodes by the codec, runs the network, decodes, scores by the evaluators.

    The loss is that of the network's outputs. If a training network is trained in its place, or the codec
    predicts an example in chunks, it is that of what is trained on the batches that the batch maker makes,
    always from the same random numbers.

    Args:
        pipeline: with the network that is being trained.
        examples: the validation split.
        task: says of which type a prediction is, and by which metric weights are chosen.
        builder: the model builder as `plugin:name`.
        facts: of the data set.
        evaluators: give the metrics.
        evaluator_options: by evaluator name.
        training_batch: examples in a batch of the batch maker's.
        threads: that encode.
        budget: bytes of encoded examples that may be kept.
        device: what Keras runs on; if several devices train together, they predict together.
        skip_unreadable: leave out what cannot be read instead of raising its error.
        on_skip: called with a sentence on each example that cannot be read and is left out.
        leave_out: asked for an evaluator that fails, as by `score`.

    Attributes:
        pairs: the targets and predictions of the last call; None before the first.
    """

    def __init__(
        self,
        pipeline: TrainablePipeline,
        examples: Examples,
        *,
        task: Task,
        builder: str,
        facts: Mapping[str, Any],
        evaluators: Sequence[Contributed[Evaluator[Any]]],
        evaluator_options: Mapping[str, Mapping[str, Any]],
        training_batch: int,
        threads: int,
        budget: int,
        device: Device,
        skip_unreadable: bool,
        on_skip: Callable[[str], None],
        leave_out: LeaveOut | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.examples = examples
        self.task = task
        self.facts = facts
        self.evaluators = evaluators
        self.evaluator_options = evaluator_options
        self.training_batch = training_batch
        self.threads = threads
        self.leave_out = leave_out
        self.batch_size = _even(len(examples), MAX_BATCH_SIZE)
        network = _network(pipeline.network, self.batch_size, device, pipeline.trained_network)
        self.pairs: Pairs | None = None
        self._codec = pipeline.codec.for_scoring()
        self._runner = LoadedPipeline(task.name, builder, self._codec, network, facts, self.batch_size)
        self._trained_network = self._runner.network
        if pipeline.training_network is not None:
            self._trained_network = _network(pipeline.training_network, training_batch, device)
        # An unreadable example is replaced by the next one, which then counts twice: few are, and the final
        # scores, which leave them out, do not come from here.
        self.encoded = PreparedExamples(
            examples, self._prepare, budget, skip_unreadable=skip_unreadable, on_skip=on_skip
        )

    def __call__(self) -> dict[str, float]:
        """The mean loss as "loss", and the evaluators' metrics."""
        targets, predictions, ids = [], [], []
        total = 0.0
        for start in range(0, len(self.examples), self.batch_size):
            prepared = self._prepared(start, min(start + self.batch_size, len(self.examples)))
            whole = {index: read for index, read in enumerate(prepared) if read.inputs is not None}
            in_chunks = [read for read in prepared if read.inputs is None]
            for group in same_shapes({index: read[:2] for index, read in whole.items()}):
                batch = [prepared[index] for index in group]
                outputs = self._runner.network(stack([read.inputs for read in batch]))
                if self.pipeline.training_network is None:
                    wanted = stack([read.targets for read in batch if read.targets is not None])
                    total += len(group) * self._loss(wanted, outputs)
                firsts = self._runner.decode_each(outputs, [read.context for read in batch])
                raws = [read.example.input for read in batch]
                predictions += self._runner.complete_each(raws, firsts)
                targets += [read.example.target for read in batch]
                ids += [read.example.id for read in batch]
            if in_chunks:
                predictions += self._runner.predict([read.example.input for read in in_chunks])
                targets += [read.example.target for read in in_chunks]
                ids += [read.example.id for read in in_chunks]
            for_batch = [read for read in prepared if read.for_batch is not None]
            if for_batch:
                total += self._training_loss(for_batch)
        check_predictions(predictions, self.task, f"the codec of model builder '{self._runner.builder}'")
        pairs = Pairs(targets, predictions, ids, facts=self.facts)
        self.pairs = pairs
        options = self.evaluator_options
        scores = score(self.evaluators, pairs, options, intervals=False, leave_out=self.leave_out)
        check_metric(self.task, scores.numbers, scores.notes, self.evaluators)
        return {"loss": total / len(self.examples), **scores.numbers}

    def _prepared(self, start: int, stop: int) -> list[Any]:
        """Some examples, each as `_prepare` gives it."""

        def read(places: range) -> list[Any]:
            return [self.encoded[start + place] for place in places]

        return list(chain.from_iterable(in_threads(read, stop - start, self.threads, chunk=8)))

    def _prepare(self, example: Example) -> _Prepared:
        in_chunks = chunks_of(self._codec, example.input, self._runner.builder) is not None
        for_batch = None
        if in_chunks or self.pipeline.training_network is not None:
            for_batch = self.pipeline.batches.prepare(example)
        if in_chunks:
            return _Prepared(None, None, None, example, for_batch)
        encoded = encode(self._codec, example.input)
        if self.pipeline.training_network is not None:
            return _Prepared(encoded.arrays, None, encoded.context, example, for_batch)
        assert self.pipeline.targets is not None  # the host refuses such a pipeline before training
        return _Prepared(encoded.arrays, self.pipeline.targets(example.target), encoded.context, example)

    def _training_loss(self, prepared: Sequence[_Prepared]) -> float:
        """The sum of the loss of what is trained over examples."""
        total = 0.0
        size = _even(len(prepared), self.training_batch)
        for start in range(0, len(prepared), size):
            of_batch = [read.for_batch for read in prepared[start : start + size]]
            made = self.pipeline.batches.make(of_batch, np.random.default_rng(0), 0.0)
            inputs, targets, *weights = made
            total += len(of_batch) * self._loss(targets, self._trained_network(inputs), *weights)
        return total

    def _loss(self, targets: Arrays, outputs: Arrays, weights: Arrays | None = None) -> float:
        loss = self.pipeline.loss
        if isinstance(loss, Mapping):
            assert isinstance(targets, dict)
            assert isinstance(outputs, dict)
            of_output = weights if isinstance(weights, dict) else dict.fromkeys(loss, weights)
            return sum(
                _value(function, targets[name], outputs[name], of_output.get(name))
                for name, function in loss.items()
            )
        return _value(loss, targets, outputs, weights)


def _network(model: Any, batch_size: int, device: Device, trained_as: Any = None) -> KerasNetwork:
    if device.count == 1:
        return KerasNetwork(model, batch_size, trained_as)
    from suite.training.shared_network import SharedNetwork

    return SharedNetwork(model, batch_size, device)


def _even(count: int, maximum: int) -> int:
    """The batch size for batches of about one size: the network pads a smaller last one."""
    batches = -(-count // maximum)
    return -(-count // batches)


def _value(loss: Any, targets: Arrays, outputs: Arrays, weights: Arrays | None = None) -> float:
    value = loss(targets, outputs) if weights is None else loss(targets, outputs, sample_weight=weights)
    return float(keras.ops.convert_to_numpy(value))
