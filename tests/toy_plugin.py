"""A plugin for tests, with a task of its own: is a row of eight numbers rising, falling or level?

It has one contribution of each kind and something random in every place that could make a run differ
from its repetition: noise in its batches, dropout and batch normalization in its network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

import suite
from suite.errors import UserError
from suite.options import Auto, Meta, NoOptions, Options

TASK = "trend"
LENGTH = 8
SLOPES = {"falling": -1.0, "level": 0.0, "rising": 1.0}


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one row of numbers; a target is its `trend` alone."""

    trend: str
    probability: float = 1.0


class LinesOptions(Options, frozen=True):
    target: Annotated[str, Meta(description="the key of a line under which the target is")] = "trend"


class DenseOptions(Options, frozen=True):
    width: Annotated[Annotated[int, Meta(ge=1, le=512)] | Auto, Meta(description="units per layer")] = "auto"
    dropout: Annotated[float, Meta(ge=0, lt=1, description="share of units dropped")] = 0.1
    noise: Annotated[float, Meta(ge=0, description="deviation of the noise added to training rows")] = 0.05


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    return [
        suite.Task(
            name=TASK,
            summary="whether a row of eight numbers is rising, falling or level",
            sample=sample,
            metric="accuracy",
            builder="dense",
            evaluators=("hits",),
            baseline=most_common,
            prediction_type=Trend,
            types="toy_types",
            perfect=perfect,
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    return [
        suite.DataLoader(
            name="lines",
            task=TASK,
            summary="a JSON object per line: id, numbers, trend, split",
            load=load,
            detect=detect,
            options=LinesOptions,
            write_sample=write_sample,
        )
    ]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    return [
        suite.ModelBuilder(
            name="dense",
            task=TASK,
            summary="two dense layers",
            build=suite.lazy("toy_plugin:build"),
            codec=suite.lazy("toy_plugin:TrendCodec.from_json"),
            options=DenseOptions,
        )
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    return [
        suite.Evaluator(
            name="hits",
            task=TASK,
            summary="share of right answers",
            evaluate=evaluate,
            metrics={"accuracy": suite.Metric(label="accuracy", share=True)},
        )
    ]


def rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Made-up lines of data: `{"id", "numbers", "trend"}`."""
    import numpy as np

    generator = np.random.default_rng(seed)
    made = []
    for index in range(count):
        trend = list(SLOPES)[index % 3]
        line = np.linspace(-1, 1, LENGTH) * SLOPES[trend] + generator.normal(0, 0.2, LENGTH)
        made.append({"id": f"{seed}-{index}", "numbers": line.round(4).tolist(), "trend": trend})
    return made


def write(path: Path, train: int = 120, validation: int = 30, test: int = 30) -> Path:
    """Write made-up data that the loader `lines` reads; a count of 0 leaves the split out."""
    lines = [
        {**row, "split": split}
        for seed, (split, count) in enumerate(
            {"train": train, "validation": validation, "test": test}.items()
        )
        for row in rows(count, seed)
    ]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def write_input(path: Path, row: dict[str, Any]) -> Path:
    """Write one row as a file that can be predicted for."""
    path.write_bytes(msgspec.json.encode(row["numbers"]))
    return path


def _dataset(lines: Sequence[dict[str, Any]], target: str = "trend") -> Any:
    from suite.data.dataset import Dataset, Example

    splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for line in lines:
        example = Example(line["id"], line["numbers"], line.get(target))
        splits[line.get("split", "train")].append(example)
    trends = sorted({example.target for split in splits.values() for example in split if example.target})
    return Dataset(
        train=splits["train"],
        validation=splits["validation"] or None,
        test=splits["test"] or None,
        facts={"trends": trends},
    )


def sample() -> Any:
    counts = {"train": 30, "validation": 9, "test": 9}
    return _dataset(
        [
            {**row, "split": split}
            for seed, (split, count) in enumerate(counts.items())
            for row in rows(count, seed)
        ]
    )


def write_sample(dataset: Any, folder: Path) -> Path:
    lines = [
        {"id": example.id, "numbers": example.input, "trend": example.target, "split": name}
        for name, split in dataset.splits.items()
        for example in split
    ]
    path = folder / "rows.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def perfect(target: str, facts: Any) -> Trend:
    return Trend(trend=target)


def detect(path: Path) -> bool:
    return path.suffix == ".jsonl" and path.is_file()


def load(path: Path, options: LinesOptions) -> Any:
    lines = []
    for number, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            lines.append(msgspec.json.decode(text))
        except msgspec.DecodeError as error:
            raise UserError(f"{path}, line {number}: this is not JSON: {error}") from None
        if isinstance(lines[-1], dict):  # what else it holds is not looked at: tests of the host's checks do
            _check_texts(lines[-1], options.target, f"{path}, line {number}")
            if lines[-1].get("numbers", 0) is None:
                raise UserError(f"{path}, line {number}: the numbers are null")
    if not lines:
        raise UserError(f"{path}: there is nothing in this file")
    return _dataset(lines, options.target)


def _check_texts(line: dict[str, Any], target: str, where: str) -> None:
    for key, other in (("id", ""), ("split", "train"), (target, "")):
        if not isinstance(line.get(key, other), str):
            raise UserError(f"{where}: the {key} is {line[key]!r}, which is no text")


class TrendCodec(suite.Codec):
    """Between a row of numbers (a sequence, or JSON text as bytes or in a file) and arrays."""

    suffixes = (".json",)

    def __init__(self, trends: Sequence[str]) -> None:
        self.trends = list(trends)

    @classmethod
    def from_json(cls, words: dict[str, Any]) -> TrendCodec:
        return cls(words["trends"])

    def to_json(self) -> dict[str, Any]:
        return {"trends": self.trends}

    def encode(self, raw: Any) -> Any:
        import numpy as np

        if isinstance(raw, str | Path):
            raw = Path(raw).read_bytes()
        elif hasattr(raw, "read"):
            raw = raw.read()
        try:
            numbers = msgspec.json.decode(raw) if isinstance(raw, bytes) else raw
            row = np.asarray(numbers, np.float32)
        except (msgspec.DecodeError, TypeError, ValueError):
            raise UserError("this is not a row of numbers") from None
        if row.shape != (LENGTH,):
            raise UserError(f"expected {LENGTH} numbers, not an array of shape {row.shape}")
        return row

    def decode(self, outputs: Any) -> Trend:
        best = int(outputs.argmax())
        return Trend(trend=self.trends[best], probability=float(outputs[best]))


class NoisyBatches:
    """Rows with a little noise, drawn anew for each batch."""

    def __init__(self, codec: TrendCodec, targets: Any, noise: float) -> None:
        self.codec = codec
        self.targets = targets
        self.noise = noise

    def prepare(self, example: Any) -> Any:
        return self.codec.encode(example.input), self.targets(example.target)

    def make(self, prepared: Sequence[Any], rng: Any, progress: float) -> Any:
        return self.make_rows(prepared, rng, progress, slice(None))

    def make_rows(self, prepared: Sequence[Any], rng: Any, progress: float, rows: slice) -> Any:
        import numpy as np

        chosen = prepared[rows]
        noise = self.draw(len(prepared), rng, progress)["noise"][rows]
        return np.stack([row for row, _ in chosen]) + noise, np.stack([target for _, target in chosen])

    def draw(self, count: int, rng: Any, progress: float) -> dict[str, Any]:
        return {"noise": rng.normal(0, self.noise, (count, LENGTH)).astype("float32")}

    def on_device(self) -> Any:
        from suite.pipeline import OnDevice

        return OnDevice(
            draw=self.draw, make=lambda examples, drawn: (examples[0] + drawn["noise"], examples[1])
        )


def build(dataset: Any, options: DenseOptions) -> Any:
    import keras
    import numpy as np

    from suite.pipeline.trainable import TrainablePipeline

    trends = list(dataset.facts["trends"])
    if len(trends) < 2:
        raise UserError(
            f"there is nothing to learn: every row is {' and '.join(trends) or 'without a trend'}"
        )
    width = 16 if options.width == "auto" else options.width
    resolved = DenseOptions(width=width, dropout=options.dropout, noise=options.noise)
    codec = TrendCodec(trends)

    def targets(trend: str) -> Any:
        return np.eye(len(trends), dtype=np.float32)[trends.index(trend)]

    numbers = keras.Input((LENGTH,), name="numbers")
    hidden = keras.layers.Dense(width, activation="relu", name="hidden")(numbers)
    hidden = keras.layers.BatchNormalization(name="normal")(hidden)
    hidden = keras.layers.Dropout(options.dropout, name="dropout")(hidden)
    outputs = keras.layers.Dense(len(trends), activation="softmax", name="trend")(hidden)
    return TrainablePipeline(
        codec=codec,
        network=keras.Model(numbers, outputs, name="dense"),
        loss=keras.losses.CategoricalCrossentropy(),
        batch_maker=NoisyBatches(codec, targets, options.noise),
        targets=targets,
        options=resolved,
        recipe={"epochs": 5, "batch_size": 16, "learning_rate": 0.02},
    )


def most_common(train: Any, examples: Any, facts: Any) -> list[Trend]:
    targets = [train[index].target for index in range(len(train))]
    counts = {trend: targets.count(trend) for trend in sorted(set(targets))}
    return [Trend(trend=max(counts, key=lambda trend: counts[trend]))] * len(examples)


def evaluate(pairs: Any, options: NoOptions) -> Any:
    import numpy as np

    from suite.evaluation.types import Evaluation
    from suite.figures import Table

    hits = np.array(
        [
            prediction.trend == target
            for target, prediction in zip(pairs.targets, pairs.predictions, strict=True)
        ]
    )

    def figures() -> list[Any]:
        wrong = [[pairs.ids[index], pairs.targets[index]] for index in np.flatnonzero(~hits)]
        return [Table(title="Wrong answers", columns=["id", "target"], rows=wrong)]

    return Evaluation(score=lambda indices: {"accuracy": float(hits[indices].mean())}, figures=figures)
