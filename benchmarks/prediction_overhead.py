"""What `suite.load(export).predict` costs beside the network: against ONNX Runtime alone, side by side.

    python benchmarks/prediction_overhead.py

Three ways are timed in turns: the network alone, on arrays that are encoded already; a program by hand, which
encodes, runs and decodes with the same codec; and `predict`. Networks have random weights, because their
speed does not depend on them. The ratios are of medians.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from untrained import untrained_run

import suite
from suite.pipeline import Encoded
from suite.runs.export import export

SECONDS = 8.0
"""For each row."""
TURN = 0.3

TEXTS = ("where is the station", "when does it open", "how do I get two of them please", "noon on friday")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bag = export(untrained_run(folder / "texts", "text-classification", "bag")).folder
        rows: list[tuple[str, Path, Sequence[Any]]] = []
        for side in (8, 32):
            options = {"architecture": "small", "size": side}
            run = untrained_run(folder / f"images{side}", "image-classification", "residual", **options)
            classifier = export(run).folder
            images = list(np.random.default_rng(0).integers(0, 256, (32, side, side, 3), np.uint8))
            rows.append((f"images of {side} pixels, one array", classifier, images[:1]))
            rows.append(("the same, a list of 32", classifier, images))
        rows.append(("bag of n-grams, one text", bag, TEXTS[2:3]))
        rows.append(("the same, a list of 32", bag, TEXTS * 8))
        print(f"{'':<34} {'network':>9} {'by hand':>9} {'predict':>9}  predict/network  predict/by hand")
        for label, model, inputs in rows:
            network, by_hand, predict = compared(model, inputs)
            times = " ".join(f"{1e3 * seconds:>6.3f} ms" for seconds in (network, by_hand, predict))
            print(f"{label:<34} {times}  {predict / network:>15.2f}  {predict / by_hand:>15.2f}", flush=True)


def compared(folder: Path, inputs: Sequence[Any]) -> list[float]:
    """The medians of the network alone, of a program by hand and of `predict`."""
    pipeline = suite.load(folder)
    codec = pipeline.codec
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / "network.onnx"), options)
    names = [node.name for node in session.get_inputs()]
    x: Any = list(inputs) if len(inputs) > 1 else inputs[0]

    def encoded(raw: Any) -> Mapping[str, np.ndarray]:
        arrays = codec.encode(raw)
        assert not isinstance(arrays, Encoded)
        return arrays if isinstance(arrays, dict) else {names[0]: arrays}

    def feed() -> dict[str, np.ndarray]:
        examples = [encoded(raw) for raw in inputs]
        return {name: np.stack([example[name] for example in examples]) for name in names}

    ready = feed_of_one_shape(feed)

    def by_hand() -> list[Any]:
        if ready is None:  # inputs of several shapes: one after the other, as one would by hand
            return [codec.decode(session.run(None, one(encoded(raw)))[0][0]) for raw in inputs]
        return [codec.decode(outputs) for outputs in session.run(None, feed())[0]]

    def network() -> Any:
        if ready is None:
            return [session.run(None, single) for single in singles]
        return session.run(None, ready)

    singles = [one(encoded(raw)) for raw in inputs]
    return medians(network, by_hand, lambda: pipeline.predict(x))


def one(example: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A batch of one."""
    return {name: array[None] for name, array in example.items()}


def feed_of_one_shape(feed: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray] | None:
    """A batch of all inputs; None if their arrays have several shapes."""
    try:
        return feed()
    except ValueError:
        return None


def medians(*functions: Callable[[], object]) -> list[float]:
    """The median time of each, taken in turns of `TURN` seconds, each after a pause and a warm-up.

    They take turns rarely: threads of a session of ONNX Runtime that has just run spin for a while, and would
    take a core from the session that runs next.
    """
    times: list[list[float]] = [[] for _ in functions]
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for function, taken in zip(functions, times, strict=True):
            time.sleep(0.05)
            for _ in range(3):
                function()
            turn = time.perf_counter() + TURN
            while (start := time.perf_counter()) < turn:
                function()
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    main()
