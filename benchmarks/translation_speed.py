"""What the key-value cache of a translating network saves: sentences per second with it and without it.

    python benchmarks/translation_speed.py [--tokens 40] [--beam 4] [--sentences 32] [--network tiny]

The network has the size that small data gets by default, and weights that were never trained: they write
translations that are exactly as long as is allowed, and take as long as trained ones. With and without the
cache the same is translated, in batches, by TensorFlow; the times are medians of several runs.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from suite.devices import activate

RUNS = 5
VOCABULARY = 6000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--sentences", type=int, default=32)
    parser.add_argument("--network", default="tiny")
    arguments = parser.parse_args()
    device = activate("tensorflow", "cpu")

    import keras

    from suite.pipeline.networks import KerasNetwork
    from suite_text.tokens.vocabulary import END
    from suite_text.translation.models.translator import NETWORKS, networks

    keras.utils.set_random_seed(0)
    sizes = {**NETWORKS[arguments.network], "beams": arguments.beam, "ratio": 8, "extra": 0}
    draws = np.random.default_rng(0)
    shape = (arguments.sentences, arguments.tokens)
    inputs = {
        "source": draws.integers(300, VOCABULARY, shape).astype(np.int32),
        "search": np.full((arguments.sentences, 2), (arguments.beam, 1.0), np.float32),
    }
    with_cache = networks(VOCABULARY, **sizes)[0]
    without = networks(VOCABULARY, **sizes, cached=False)[0]
    without.set_weights(with_cache.get_weights())
    tokens, seconds = {}, {}
    for name, model in (("with cache", with_cache), ("without", without)):
        network = KerasNetwork(model, arguments.sentences)
        tokens[name] = np.asarray(network(inputs))[..., 0].astype(int)
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            network(inputs)
            times.append(time.perf_counter() - began)
        seconds[name] = statistics.median(times)
    same = int((tokens["with cache"] == tokens["without"]).all(axis=1).sum())
    written = float((tokens["with cache"] != END).sum(axis=1).mean()) + 1
    print(
        f"{arguments.network}, beam {arguments.beam}, {device.kind}: {arguments.sentences} sentences of"
        f" {arguments.tokens} tokens, {written:.1f} tokens written of each, {same} alike"
    )
    for name, taken in seconds.items():
        print(f"  {name:<10} {arguments.sentences / taken:8.1f} sentences per second")
    print(f"  {seconds['without'] / seconds['with cache']:.1f} times as fast with the cache")


if __name__ == "__main__":
    main()
