"""One image through a trained detector, exported: read, encode, run, decode, and all of it.

    python benchmarks/detector_latency.py RUN IMAGE... [--threads N]

Exports RUN to a temporary folder (which checks that it agrees with Keras), then predicts the images one
by one under ONNX Runtime, from their files to their boxes, and prints the median of each step.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from suite.prediction.encoding import encode
from suite.prediction.loading import load
from suite.runs.export import export

ROUNDS = 100
WARM_UP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, help="of one forward pass; ONNX Runtime's choice otherwise")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pipeline = load(export(arguments.run, out=Path(folder) / "export").folder, threads=arguments.threads)
        steps: dict[str, list[float]] = {"read and encode": [], "run": [], "decode": [], "all": []}
        detected = 0
        for number in range(WARM_UP + ROUNDS):
            image = arguments.images[number % len(arguments.images)]
            times = [time.perf_counter()]
            encoded = encode(pipeline.codec, image)
            times.append(time.perf_counter())
            outputs = pipeline.network(encoded.arrays[None])
            times.append(time.perf_counter())
            detected += len(pipeline.codec.decode(outputs[0], encoded.context).boxes)
            times.append(time.perf_counter())
            pipeline.predict(image)
            end = time.perf_counter()
            if number >= WARM_UP:
                for name, start, stop in zip(list(steps)[:3], times, times[1:], strict=False):
                    steps[name].append(stop - start)
                steps["all"].append(end - times[-1])
        size = " x ".join(map(str, pipeline.codec.size))
        print(f"input {size}, {detected / (WARM_UP + ROUNDS):.1f} boxes per image, medians of {ROUNDS}:")
        for name, taken in steps.items():
            print(f"  {name:<16} {1e3 * statistics.median(taken):6.2f} ms")


if __name__ == "__main__":
    main()
