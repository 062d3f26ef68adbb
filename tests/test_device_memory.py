"""A device's memory that is too small is one sentence that names the device and the batch size to try."""

from __future__ import annotations

import numpy as np
import pytest

import suite
import toy_plugin
import weather
from broken_plugins import configuration
from suite.errors import OutOfMemoryError, is_out_of_memory, out_of_memory, too_large_batch
from suite.pipeline.networks import KerasNetwork

keras = pytest.importorskip("keras", reason="needs Keras")

OF_JAX = type("JaxRuntimeError", (RuntimeError,), {})(
    "RESOURCE_EXHAUSTED: Out of memory while trying to allocate"
)
OF_TENSORFLOW = type("ResourceExhaustedError", (Exception,), {})(
    "OOM when allocating tensor\nHint: If you want"
)
OF_TORCH = type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 20.00 GiB.")
OF_CUDA = type("AcceleratorError", (RuntimeError,), {})("CUDA error: out of memory")
OF_CUDNN = RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")


@pytest.mark.parametrize("error", [OF_JAX, OF_TENSORFLOW, OF_TORCH, OF_CUDA, OF_CUDNN], ids=str)
def test_every_backend_is_understood(error):
    assert is_out_of_memory(error)
    said = str(too_large_batch(error, "NVIDIA X", 48))
    assert said.startswith(
        "NVIDIA X has not enough memory to compute 48 examples at once: try --batch-size 24 ("
    )
    assert "\n" not in said


def test_what_was_said_once_stays_and_one_example_has_no_smaller_batch():
    wrapped = out_of_memory(OF_JAX)
    wrapped.__cause__ = OF_JAX
    said = too_large_batch(wrapped, "NVIDIA X", 1)
    assert "a single example at once: try a smaller network, or smaller inputs (RESOURCE_EXHAUSTED" in str(
        said
    )
    assert too_large_batch(said, "NVIDIA Y", 512) is said


def fails(*arguments, **options):
    raise OF_JAX


def test_a_batch_that_is_predicted():
    network = KerasNetwork(weather.network(), batch_size=8)
    network._forward = fails
    with pytest.raises(
        OutOfMemoryError, match=r" has not enough memory to compute 8 .*: try --batch-size 4 \("
    ):
        network(np.zeros((20, 4), np.float32))


@pytest.mark.slow
def test_a_batch_that_is_trained_on(tmp_path, monkeypatch):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=24, validation=9, test=9)
    told = configuration(data, training={"batch_size": 6})
    monkeypatch.setattr("suite.training.stages.StageRunner._fit", fails)
    from suite.runs.train import train

    with pytest.raises(
        OutOfMemoryError, match=r"compute 6 examples at once: try --batch-size 3 \("
    ) as raised:
        train(suite.Host(toy_plugin, discover=False), told, out=tmp_path / "run")
    assert "It failed before any weights were scored" in str(raised.value)
