"""Data at an address against the same files here: with a warm cache, and fetched for the first time.

    python benchmarks/addresses.py [--images 2000] [--size 224] [--rounds 7]

Made-up JPEG files lie in a folder, and in a bucket of a server on this machine that behaves as S3 does (moto,
which is slow itself: what is fetched measures it as much as suite). An epoch reads and decodes every image by
one thread; local and address take turns, and the ratio is that of the medians, per second and per second of
processor time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import suite
import suite_image_classification
from suite.data.dataset import Dataset
from suite.data.loading import load_dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SUITE_CACHE"] = f"{folder}/cache"
        images = Path(folder, "images")
        write_images(images, arguments.images, arguments.size)
        stop = serve(images)
        try:
            measure(images, "s3://bucket/images", arguments.rounds)
        finally:
            stop()


def measure(images: Path, address: str, rounds: int) -> None:
    """Print all numbers."""
    seconds, _ = timed_load(images)
    print(f"load, local: {seconds:.2f} s")
    seconds, elsewhere = timed_load(address)
    print(f"load, address, for the first time: {seconds:.2f} s")
    start = time.perf_counter()
    count = read_all(elsewhere)
    print(f"first epoch, fetched: {count / (time.perf_counter() - start):,.0f} images per second")
    seconds, elsewhere = timed_load(address)
    print(f"load, address, warm: {seconds:.2f} s")
    data = {"local": timed_load(images)[1], "address": elsewhere}
    taken: dict[str, list[float]] = {"local": [], "address": []}
    busy: dict[str, list[float]] = {"local": [], "address": []}
    for number in range(rounds + 1):
        for name, dataset in data.items():
            start, processor = time.perf_counter(), time.process_time()
            read_all(dataset)
            if number:  # the first is to warm up
                taken[name].append(time.perf_counter() - start)
                busy[name].append(time.process_time() - processor)
    for what, times in (("second", taken), ("second of processor time", busy)):
        local, warm = (statistics.median(times[name]) for name in ("local", "address"))
        print(
            f"images per {what}: local {count / local:,.0f}, address with a warm cache {count / warm:,.0f},"
            f" ratio {local / warm:.3f}"
        )


def timed_load(data: Path | str) -> tuple[float, Dataset]:
    """Seconds, and the data set."""
    host = suite.Host(suite_image_classification, discover=False)
    start = time.perf_counter()
    dataset, _ = load_dataset(host, "image-classification", data)
    return time.perf_counter() - start, dataset


def read_all(dataset: Dataset) -> int:
    """Read and decode every image."""
    for example in dataset.train:
        assert cv2.imdecode(np.frombuffer(example.input.read(), np.uint8), cv2.IMREAD_COLOR) is not None
    return len(dataset.train)


def write_images(folder: Path, count: int, size: int) -> None:
    """Noise with some structure, in ten classes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 255, (size // 8, size // 8, 3), np.uint8)
        image = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
        path = folder / str(number % 10) / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".jpg", image)[1].tobytes())


def serve(images: Path):
    """Start the server with the images in a bucket; what stops it."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "name",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    system = s3fs.S3FileSystem()
    system.mkdir("bucket")
    system.put(str(images), "bucket/images", recursive=True)
    return server.stop


if __name__ == "__main__":
    main()
