"""The toy plugin's network behind a codec with everything that a codec may have besides.

It keeps the mean of a row beside the network (the context), says "unsure" below a threshold that it learns
on validation, scores without the threshold, reads files of many rows (streams), and writes tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

import suite
import toy_plugin
from suite.errors import UserError
from suite.options import Auto, Meta, Options

TASK = "cautious-trend"


class CautiousTrend(msgspec.Struct, frozen=True, kw_only=True):
    trend: str
    mean: float


class CautiousOptions(Options, frozen=True):
    threshold: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | Auto, Meta(description="an answer needs more probability")
    ] = "auto"


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    return [
        suite.Task(
            name=TASK,
            summary="as trend, or unsure",
            sample=toy_plugin.sample,
            metric="accuracy",
            builder="cautious",
            evaluators=("hits",),
            prediction_type=CautiousTrend,
            formats={"table": Table},
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    return [suite.DataLoader(name="lines", task=TASK, load=_load, detect=toy_plugin.detect)]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    return [
        suite.ModelBuilder(
            name="cautious",
            task=TASK,
            build=build,
            codec=CautiousCodec.from_json,
            prediction_options=CautiousOptions,
        )
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    metrics = {"accuracy": suite.Metric(label="accuracy", share=True)}
    return [suite.Evaluator(name="hits", task=TASK, evaluate=_evaluate, metrics=metrics)]


def _load(path: Path, options: Any) -> Any:
    return toy_plugin.load(path, toy_plugin.LinesOptions())


def _evaluate(pairs: Any, options: Any) -> Any:
    answers = [prediction.trend for prediction in pairs.predictions]
    right = sum(answer == target for answer, target in zip(answers, pairs.targets, strict=True))
    return {
        "accuracy": right / len(answers),
        "unsure": float(answers.count("unsure")),
        "known_threshold": float(pairs.facts.get("threshold", -1.0)),
    }


@dataclass(frozen=True)
class CautiousCodec(suite.Codec):
    trends: tuple[str, ...]
    threshold: float = 1.0

    suffixes = (".json",)
    stream_suffixes = (".rows",)

    @classmethod
    def from_json(cls, words: Mapping[str, Any]) -> CautiousCodec:
        return cls(tuple(words["trends"]), words["threshold"])

    def to_json(self) -> dict[str, Any]:
        return {"trends": list(self.trends), "threshold": self.threshold}

    def scoring_facts(self) -> dict[str, Any]:
        return {"threshold": self.threshold}

    def encode(self, raw: Any) -> Any:
        from suite.pipeline.codec import Encoded

        row = toy_plugin.TrendCodec(self.trends).encode(getattr(raw, "numbers", raw))
        return Encoded(row, float(row.mean()))

    def decode(self, outputs: Any, context: float) -> CautiousTrend:
        sure = outputs.max() > self.threshold
        trend = self.trends[int(outputs.argmax())] if sure else "unsure"
        return CautiousTrend(trend=trend, mean=context)

    def for_scoring(self) -> CautiousCodec:
        return replace(self, threshold=0.0)

    def with_options(self, options: CautiousOptions) -> CautiousCodec:
        return self if options.threshold == "auto" else replace(self, threshold=options.threshold)

    def chunks(self, raw: Any) -> Any:
        if not hasattr(raw, "read"):
            return None
        try:
            numbers = msgspec.json.decode(raw.read())
        except msgspec.DecodeError:
            return None  # encoding says what is wrong with it
        return Pieces(numbers) if len(numbers) > toy_plugin.LENGTH else None

    def open_stream(self, given: Any) -> Any:
        if isinstance(given, str):
            return Rows(None) if given == "endless" else None
        return Rows(given)


@dataclass(frozen=True)
class Row:
    name: str
    numbers: list[float]


@dataclass(frozen=True)
class Rows:
    """A file with a row on each line; or, without one, the same row without an end."""

    source: Any
    live = False

    @property
    def name(self) -> str:
        return "endless" if self.source is None else self.source.name

    @property
    def total(self) -> int | None:
        return None if self.source is None else len(self.source.read().splitlines())

    def __iter__(self) -> Iterator[Row]:
        number = 0
        while self.source is None:
            number += 1
            yield Row(f"endless#{number}", [float(index) for index in range(8)])
        for number, line in enumerate(self.source.read().splitlines(), start=1):
            try:
                yield Row(f"{self.name}#{number}", msgspec.json.decode(line))
            except msgspec.DecodeError:
                raise UserError(f"it breaks off after {number - 1} rows") from None


@dataclass(frozen=True)
class Pieces:
    """A long row in pieces; its trend is that of its last piece, its mean that of all of them."""

    numbers: list[float]

    @property
    def total(self) -> int:
        return -(-len(self.numbers) // toy_plugin.LENGTH)

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self.numbers), toy_plugin.LENGTH):
            piece = self.numbers[start : start + toy_plugin.LENGTH]
            if None in piece:
                raise UserError(f"number {start + piece.index(None)} is missing")
            yield Row("a piece", piece)

    def merge(self, predictions: Sequence[CautiousTrend]) -> CautiousTrend:
        assert len(predictions) == self.total
        mean = sum(prediction.mean for prediction in predictions) / len(predictions)
        return CautiousTrend(trend=predictions[-1].trend, mean=mean)


class Table:
    """The format: a line per prediction, written at the end."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self.path = path / "table.txt" if path.is_dir() else path
        self.lines = [" or ".join(facts["trends"])]

    def add(self, raw: Any, name: str, prediction: CautiousTrend) -> None:
        self.lines.append(f"{name} {prediction.trend}")

    def close(self) -> Sequence[Path]:
        self.path.write_text("\n".join(self.lines))
        return [self.path]


def build(dataset: Any, options: Any) -> Any:
    trained = toy_plugin.build(dataset, toy_plugin.DenseOptions())
    codec = CautiousCodec(tuple(dataset.facts["trends"]))
    return replace(trained, codec=codec, options=options, calibrate=_calibrate)


def _calibrate(codec: CautiousCodec, pairs: Any) -> CautiousCodec:
    assert all(prediction.trend != "unsure" for prediction in pairs.predictions)
    return replace(codec, threshold=0.5)
