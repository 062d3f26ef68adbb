"""How inputs of several requests share forward passes, and how one that fails spoils no other."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import suite
from suite.serving.batching import Batcher
from suite.serving.loading import warm_up
from suite.serving.models import batch_size_of
from suite.serving.running import Group, Item, run_batch


class Doubling(suite.Codec):
    """Numbers, which the network doubles; 13 cannot be encoded, and of 14 nothing can be made."""

    def encode(self, raw):
        if raw == 13:
            raise suite.UserError("it is 13")
        if raw == 15:
            raise RuntimeError("a defect")
        return np.full(2 if raw < 100 else 3, raw, np.float32)

    def decode(self, outputs):
        if outputs[0] == 28:
            raise suite.UserError("it was 14")
        return float(outputs[0])


CODEC = Doubling()


class Network:
    """Doubles, refuses batches that hold 7, and remembers how many examples each pass had."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, inputs):
        self.sizes.append(len(inputs))
        if 7 in inputs:
            raise suite.UserError("/srv/model/network.onnx: no batch with 7")
        return inputs * 2


def run(numbers, network=None):
    items = [Item(CODEC, number) for number in numbers]
    run_batch(network or Network(), "p:b", items, "/srv/model/")
    return items


def test_each_input_of_a_batch_has_its_prediction_or_its_error():
    network = Network()
    items = run([1, 13, 2, 14, 100, 3], network)
    assert [item.prediction for item in items] == [2.0, None, 4.0, None, 200.0, 6.0]
    assert [item.error for item in items] == [None, "it is 13", None, "it was 14", None, None]
    assert network.sizes == [4, 1]  # one pass for each shape
    assert not any(item.defect for item in items)


def test_an_input_that_breaks_a_pass_breaks_no_other():
    network = Network()
    items = run([1, 7, 2], network)
    assert [item.prediction for item in items] == [2.0, None, 4.0]
    assert items[1].error == "network.onnx: no batch with 7"  # and not where it lies
    assert network.sizes == [3, 1, 1, 1]


def test_a_defect_of_a_codec_is_said_to_be_one(caplog):
    good, bad = run([1, 15])
    assert good.prediction == 2.0
    assert bad.defect
    assert "RuntimeError" in bad.error
    assert "a defect" not in bad.error.partition("(")[0]
    assert "a defect" in caplog.text  # the traceback


def submit(requests, *, batch_size=8, max_wait=0.0, expected=0, abandoned=()):
    """Submit requests of numbers at once; the sizes of the passes."""
    network = Network()

    async def main():
        with ThreadPoolExecutor(2) as threads:
            batcher = Batcher(
                network, "p:b", "", batch_size, max_wait, threads, lambda: expected, lambda size: None
            )
            loop = asyncio.get_running_loop()
            waits = []
            for index, numbers in enumerate(requests):
                future = loop.create_future()
                group = Group(future, len(numbers))
                group.abandoned = index in abandoned
                items = [Item(CODEC, number) for number in numbers]
                for item in items:
                    item.group = group
                batcher.submit(items)
                if not group.abandoned:
                    waits.append(future)
            start = loop.time()
            await asyncio.wait_for(asyncio.gather(*waits), 10)
            return loop.time() - start, batcher.waiting

    seconds, waiting = asyncio.run(main())
    assert waiting == 0
    return network.sizes, seconds


def test_requests_that_come_together_share_a_pass():
    assert submit([[1], [2, 3], [4]])[0] == [4]
    assert sorted(submit([[number] for number in range(6)], batch_size=4)[0]) == [2, 4]


def test_nobody_waits_unless_others_are_under_way():
    assert submit([[1]], max_wait=5.0, expected=1)[1] < 2
    sizes, seconds = submit([[1]], max_wait=0.2, expected=3)
    assert sizes == [1]
    assert 0.15 < seconds < 3
    assert submit([[1, 2]], max_wait=5.0, expected=3, batch_size=2)[1] < 2


def test_what_nobody_waits_for_is_dropped():
    assert submit([[1], [2, 3], [4]], abandoned=(1,))[0] == [2]


@pytest.mark.parametrize(
    ("content", "size"),
    [({"batch_size": 4}, 4), ({"batch_size": 0}, 32), ({"batch_size": "4"}, 32), ([], 32), (None, 32)],
)
def test_the_batch_size_is_what_bench_found(tmp_path, content, size):
    if content is not None:
        (tmp_path / "bench.json").write_text(json.dumps(content))
    assert batch_size_of(tmp_path, None) == size
    assert batch_size_of(tmp_path, 3) == 3


class Open(suite.Codec):
    """Of arrays of any length, or of texts."""

    def __init__(self, accepts_text):
        self.accepts_text = accepts_text

    def encode(self, raw):
        return np.full(len(raw), 7, np.float32)

    def decode(self, outputs):
        return len(outputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("accepts_text", "shapes"), [(False, [(1, 64), (2, 128)]), (True, [(1, 1), (2, 15)])]
)
def test_a_network_of_keras_is_warm_before_the_first_request(accepts_text, shapes, monkeypatch):
    keras = pytest.importorskip("keras", reason="needs Keras")
    from suite.pipeline.networks import KerasNetwork
    from suite.prediction.predictor import LoadedPipeline

    inputs = keras.Input((None,))
    network = KerasNetwork(keras.Model(inputs, inputs * 2))
    seen = []
    monkeypatch.setattr(network, "_forward", lambda inputs: seen.append(inputs.shape) or inputs)
    warm_up(LoadedPipeline("numbers", "test:double", Open(accepts_text), network))
    assert seen == shapes
    monkeypatch.setattr(network, "_forward", lambda inputs: 1 / 0)
    warm_up(LoadedPipeline("numbers", "test:double", Open(accepts_text), network))  # is no failure
