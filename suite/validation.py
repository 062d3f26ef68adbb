"""Scores a network on the validation part while it is being trained, as its predictions will be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras

from suite.batches import PreparedExamples
from suite.contributions import Contributed
from suite.data import Example, Examples
from suite.evaluation import Pairs
from suite.networks import KerasNetwork
from suite.pipeline import Arrays, TrainablePipeline
from suite.prediction import LoadedPipeline, encode, same_shapes, scoring_codec, stack
from suite.scoring import score

MOST_AT_ONCE = 128


class Validation:
    """Called after an epoch: encodes by the codec, runs the network, decodes, and asks the evaluators.

    Args:
        pipeline: with the network that is being trained.
        examples: the validation part.
        task: the task's name.
        builder: the model builder as `plugin:name`.
        facts: of the data set.
        evaluators: give the numbers.
        evaluator_options: by evaluator name.
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
        evaluators: Sequence[Contributed],
        evaluator_options: Mapping[str, Mapping[str, Any]],
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
        self.threads = threads
        # Equal pieces: the network pads a smaller last one.
        pieces = -(-len(examples) // MOST_AT_ONCE)
        self.batch_size = -(-len(examples) // pieces)
        network = KerasNetwork(pipeline.network, self.batch_size)
        self._codec = scoring_codec(pipeline.codec)
        self._runner = LoadedPipeline(task, builder, self._codec, network, facts, self.batch_size)
        # An unreadable example is replaced by the next one, which then counts twice: few are, and the final
        # scores, which leave them out, do not come from here.
        self.encoded = PreparedExamples(
            examples, self._encode, budget, skip_unreadable=skip_unreadable, noticed=noticed
        )

    def __call__(self) -> dict[str, float]:
        """The mean loss as "loss", and the evaluators' numbers."""
        targets, predictions, ids = [], [], []
        total = 0.0
        with ThreadPoolExecutor(self.threads, thread_name_prefix="validation") as pool:
            for start in range(0, len(self.examples), self.batch_size):
                indices = range(start, min(start + self.batch_size, len(self.examples)))
                encoded = list(pool.map(self.encoded.__getitem__, indices))
                for group in same_shapes({place: one[:2] for place, one in enumerate(encoded)}):
                    of_group = (encoded[place] for place in group)
                    inputs, wanted, contexts, examples = zip(*of_group, strict=True)
                    outputs = self._runner.network(stack(inputs))
                    total += len(group) * self._loss(stack(wanted), outputs)
                    predictions += self._runner.decode_each(outputs, contexts)
                    targets += [example.target for example in examples]
                    ids += [example.id for example in examples]
        pairs = Pairs(targets, predictions, ids, facts=self.facts)
        scores = score(self.evaluators, pairs, self.evaluator_options, intervals=False)
        return {"loss": total / len(self.examples), **scores.numbers}

    def _encode(self, example: Example) -> tuple[Arrays, Arrays, Any, Example]:
        encoded = encode(self._codec, example.input)
        return encoded.arrays, self.pipeline.targets(example.target), encoded.context, example

    def _loss(self, targets: Arrays, outputs: Arrays) -> float:
        loss = self.pipeline.loss
        if isinstance(loss, Mapping):
            assert isinstance(targets, dict)
            assert isinstance(outputs, dict)
            return sum(_value(one, targets[name], outputs[name]) for name, one in loss.items())
        return _value(loss, targets, outputs)


def _value(loss: Any, targets: Arrays, outputs: Arrays) -> float:
    return float(keras.ops.convert_to_numpy(loss(targets, outputs)))
