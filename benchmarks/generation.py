"""Text generation: bits per byte beside the 5-gram model, and tokens per second with and without the cache.

    python benchmarks/generation.py de [flags of `suite train`]
    python benchmarks/generation.py en [flags of `suite train`]
    python benchmarks/generation.py speed [NETWORK]

The text is one side of multi30k, which lies in the folder named by SUITE_DATA, else in ../shared/data. Trains
with no option but the path, prints what `metrics.json` of the run says, and keeps the run in benchmarks/runs.
The speed is that of a network that was never trained, writing one text after a prompt of 200 tokens.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from run_folders import new_run

from suite.devices import activate
from suite.runs.directory import RunDirectory

HERE = Path(__file__).parent
REFERENCE_MODEL = "5-gram model"
VOCABULARY = 3000
PROMPT = 200
TOKENS = 64
REPEATS = 5


def main() -> None:
    what, *flags = sys.argv[1:] or ["de"]
    if what == "speed":
        speed(*flags)
    elif what in ("de", "en"):
        bits_per_byte(what, flags)
    else:
        sys.exit(__doc__)


def bits_per_byte(language: str, flags: list[str]) -> None:
    """Train on one side, and print how many bits a byte of the test split takes."""
    data = side(language)
    out = new_run(f"generation_{language}")
    command = [sys.executable, "-m", "suite", "train", "text-generation", str(data), "--out", str(out)]
    subprocess.run([*command, *flags], check=True)
    run = RunDirectory.open(out)
    history, metrics, environment = run.history(), run.metrics or {}, run.environment
    last, precision = history[-1], run.configuration.runtime.precision
    print(
        f"multi30k, {language}: {last['epoch']:.0f} epochs in {last['seconds'] / 60:.1f} min,"
        f" {environment['weights']:,} weights, {environment['device']} ({environment['cores']} cores),"
        f" {environment['backend']}, {precision}, Python {platform.python_version()}"
    )
    low, high = metrics["intervals"]["test"]["bits_per_byte"]
    print(f"  test bits per byte {metrics['test']['bits_per_byte']:.4f} (95 % {low:.4f} to {high:.4f})")
    print(f"  {REFERENCE_MODEL} {metrics['reference_models'][REFERENCE_MODEL]['bits_per_byte']:.4f}")
    print(f"  perplexity per token {metrics['test']['perplexity']:.2f}")


def side(language: str) -> Path:
    """A folder with one side of multi30k."""
    source = Path(os.environ.get("SUITE_DATA", HERE.parent.parent / "shared" / "data")) / "multi30k"
    if not source.is_dir():
        sys.exit(f"there is no {source}: name the folder with the data in SUITE_DATA")
    folder = HERE / "runs" / f"multi30k_{language}"
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "validation", "test"):
        shutil.copyfile(source / f"{split}.{language}", folder / f"{split}.txt")
    return folder


def speed(name: str = "small") -> None:
    """Write one text greedily, and print how many tokens per second that is."""
    device = activate("tensorflow", "cpu")

    import keras

    from suite.pipeline.networks import KerasNetwork
    from suite_text.generation.models.generator import NETWORKS, generation_network
    from suite_text.tokens.vocabulary import START

    keras.utils.set_random_seed(0)
    tokens = np.random.default_rng(0).integers(300, VOCABULARY, (1, PROMPT)).astype(np.int32)
    tokens[0, 0] = START
    tokens_written = {}
    for steps in (16, TOKENS):
        inputs = {
            "tokens": tokens,
            "draws": np.zeros((1, steps), np.float32),
            "sampling": np.array([[0, 0, 1]], np.float32),
        }
        for how, cached in (("with cache", True), ("without", False)):
            keras.utils.set_random_seed(0)
            network = KerasNetwork(generation_network(VOCABULARY, cached=cached, **NETWORKS[name])[0])
            tokens_written[how] = network(inputs)["written"][..., 0]
            times = []
            for _ in range(REPEATS):
                began = time.perf_counter()
                network(inputs)
                times.append(time.perf_counter() - began)
            rate = steps / statistics.median(times)
            print(f"{name}, {device.kind}, {steps} tokens at a time, {how}: {rate:.1f} tokens per second")
        alike = int((tokens_written["with cache"] == tokens_written["without"]).sum())
        print(f"  of {steps} tokens {alike} are alike")


if __name__ == "__main__":
    main()
