"""Counts on from a number in words: three more numbers with every forward pass, in a network of numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

import suite
from suite.options import Meta, Options

TASK = "counting"
CHUNK = 3


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    text: str

    def __str__(self) -> str:
        return self.text


class CountingOptions(Options, frozen=True):
    until: Annotated[int, Meta(ge=1, description="the last number")] = 10


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    return [
        suite.Task(
            name=TASK, summary="", sample=list, metric="accuracy", builder="counter", evaluators=(),
            prediction_type=Counted,
        )
    ]  # fmt: skip


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    return [
        suite.ModelBuilder(
            name="counter",
            task=TASK,
            build=list,
            codec=CountingCodec.from_json,
            prediction_options=CountingOptions,
        )
    ]


@dataclass(frozen=True)
class CountingCodec(suite.Codec):
    """Reads numbers with spaces between them, and goes on from the last one until there are enough."""

    until: int = 10

    suffixes = ()
    accepts_text = True
    can_stream = True

    @classmethod
    def from_json(cls, words: Mapping[str, Any]) -> CountingCodec:
        return cls(**words)

    def to_json(self) -> dict[str, Any]:
        return {"until": self.until}

    def with_options(self, options: CountingOptions) -> CountingCodec:
        return CountingCodec(options.until)

    def encode(self, raw: str) -> Any:
        last = raw.rsplit(maxsplit=1)[-1]
        if not last.isdigit():
            raise suite.UserError(f"'{last}' is not a number")
        return np.array([float(last)], np.float32)

    def decode(self, outputs: Any) -> Counted:
        return Counted(text=" ".join(str(int(number)) for number in outputs if number <= self.until))

    def next_input(self, raw: str, predictions: Sequence[Counted]) -> str | None:
        text = f"{raw} {self.join(predictions)}"
        if text.rsplit(maxsplit=1)[-1] == "13":
            raise suite.UserError("nobody counts on from 13")
        return text if int(text.rsplit(maxsplit=1)[-1]) < self.until else None

    def join(self, predictions: Sequence[Counted]) -> Counted:
        return Counted(text=" ".join(prediction.text for prediction in predictions))


def network(inputs: Any) -> Any:
    return inputs + np.arange(1, CHUNK + 1)


def pipeline(run: Callable[[Any], Any] = network, until: int = 10, codec: Any = None) -> Any:
    from suite.prediction.predictor import LoadedPipeline

    return LoadedPipeline(TASK, "counting_plugin:counter", codec or CountingCodec(until), run)


def save(folder: Path) -> Path:
    """A model folder whose network is not there: tests put `network` in its place."""
    from suite.pipeline.manifest import FORMAT, Manifest, write_manifest

    folder.mkdir(parents=True)
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            task=TASK,
            builder="counting_plugin:counter",
            plugin={"name": "counting_plugin", "version": ""},
            codec=CountingCodec().to_json(),
            network="network.keras",
            facts={},
        ),
    )
    return folder
