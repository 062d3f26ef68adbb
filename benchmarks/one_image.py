"""One image at a time: the exported network against `model.predict`, side by side in one run.

    python benchmarks/one_image.py [IMAGE]

Both read the file, encode it with the same codec, run the network and decode its outputs. The network has
random weights, because its speed does not depend on them. The ratio is of the medians: how many times
faster the exported network is than `model.predict` of Keras on TensorFlow.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from untrained import untrained_run

from suite.prediction.loading import load
from suite.runs.export import export

TASK = "image-classification"
ROUNDS = 100
SIZES = {"small": 32, "photograph": 160}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = Path(sys.argv[1]) if len(sys.argv) > 1 else made_up(folder / "image.jpg")
        print(f"{'network':<12} {'suite, ONNX':>12} {'suite, Keras':>13} {'model.predict':>14}  ratio")
        for architecture, size in SIZES.items():
            run = untrained_run(folder / architecture, TASK, "residual", architecture=architecture, size=size)
            with_keras = load(run, batch_size=1)
            with_onnx = load(export(run).folder)
            codec, model = with_keras.codec, with_keras.network.model

            def plain(path: Path, codec: Any = codec, model: Any = model) -> Any:
                return codec.decode(model.predict(codec.encode(path)[None], verbose=0)[0])

            onnx, ours, predict = medians(
                lambda: with_onnx.predict(image),  # noqa: B023 - called at once
                lambda: with_keras.predict(image),  # noqa: B023
                lambda: plain(image),
            )
            times = f"{1e3 * onnx:>9.2f} ms {1e3 * ours:>10.2f} ms {1e3 * predict:>11.2f} ms"
            print(f"{architecture:<12} {times}  {predict / onnx:.0f}", flush=True)


def made_up(path: Path) -> Path:
    """A photograph of half a megapixel."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(small, (800, 600), interpolation=cv2.INTER_CUBIC))
    return path


def medians(*functions: Callable[[], object]) -> list[float]:
    """The median time of each, taken in turns, after a warm-up."""
    times: list[list[float]] = [[] for _ in functions]
    for number in range(ROUNDS + 5):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if number >= 5:
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    main()
