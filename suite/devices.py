"""Which backend, which device, which precision: known before Keras is imported, because it fixes them."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import logging
import os
import platform
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suite.errors import UserError, nearest
from suite.options import parse
from suite.process_group import ProcessGroup
from suite.training_options import RuntimeOptions

BACKENDS = ("tensorflow", "jax", "torch")
_MODULES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


@dataclass(frozen=True)
class Device:
    """Where computation happens, once Keras has been imported.

    Attributes:
        backend: "tensorflow", "jax" or "torch".
        kind: "cpu" or "gpu".
        name: the processor or accelerator, for people.
        count: how many devices train together, in all processes.
        group: the processes that train together; None for one that trains alone.
    """

    backend: str
    kind: str
    name: str
    count: int = 1
    group: ProcessGroup | None = None


def choose_backend(wanted: str = "auto") -> str:
    """The backend to use.

    Args:
        wanted: one of `BACKENDS`, or "auto": the one that an already imported Keras has, else TensorFlow,
            else the first that is installed.

    Raises:
        UserError: if it is not installed, or another one is already in use in this process.
    """
    if "keras" in sys.modules:
        current = str(sys.modules["keras"].config.backend())
        if wanted not in ("auto", current):
            raise UserError(
                f"backend '{wanted}' is asked for, but Keras already runs on '{current}' in this process:"
                " Keras fixes its backend when it is imported"
            )
        return current
    installed = [name for name in BACKENDS if importlib.util.find_spec(_MODULES[name]) is not None]
    if importlib.util.find_spec("keras") is None or not installed:
        raise UserError('this needs Keras with a backend: pip install "keras-suite[tensorflow]"')
    if wanted == "auto":
        return installed[0]
    if wanted not in BACKENDS:
        raise UserError(f"there is no backend '{wanted}': {nearest(wanted, BACKENDS)}")
    if wanted not in installed:
        raise UserError(f"backend '{wanted}' is not installed: pip install \"keras-suite[{wanted}]\"")
    return wanted


def activate(backend: str = "auto", device: str = "auto") -> Device:
    """Import Keras on a backend and a device, and say what that gave.

    Has to come before anything imports Keras; a second call can only confirm the first. Keras and its
    backends are told through the environment variables that they read; nothing else of the suite looks
    at those.

    Args:
        backend: as for `choose_backend`.
        device: "auto" (a GPU if the backend sees one), "cpu", "gpu" or "gpu:N".

    Raises:
        UserError: if the backend is not installed or the device is not there, or if this process was forked
            from one that had a backend.
    """
    chosen = choose_backend(backend)
    refuse_forked()
    parse(RuntimeOptions, {"device": device}, "--device")
    if "keras" not in sys.modules:
        prepare_environment(chosen, device)
        logging.getLogger("tensorflow").addFilter(_is_no_retracing)
        with quiet_native_output(), importing():
            import keras  # noqa: F401
    with quiet_native_output():
        gpu_name = _gpu(chosen)
    if device.startswith("gpu") and gpu_name is None:
        raise UserError(
            f"device '{device}' is asked for, but {chosen} sees no GPU here: say --device cpu, or install"
            " a build of it with GPU support"
        )
    if device == "cpu" or gpu_name is None:
        return Device(chosen, "cpu", processor())
    return Device(chosen, "gpu", gpu_name)


def prepare_environment(backend: str, device: str) -> None:
    """Tell Keras and its backend what to run on, unless they run already."""
    if "keras" in sys.modules:
        return
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Off by default on AMD processors, where it makes convolutions a sixth faster too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    elif device.startswith("gpu:"):
        os.environ["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2]


_active_in: int | None = None
"""The process that activated a backend: what forks from it has none of the backend's threads."""


def refuse_forked(name: str = "Keras") -> None:
    """Refuse a backend whose threads are those of another process: it would wait for them forever."""
    global _active_in
    if _active_in is None:
        _active_in = os.getpid()
    elif _active_in != os.getpid():
        raise UserError(
            f"{name} ran already before this process was forked, and it cannot run in both: start processes"
            " with multiprocessing.get_context('spawn'), or load the model in them only; a network exported"
            " to ONNX runs in forked processes too"
        )


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of functions that are compiled often: here for several lengths, as is meant."""
    return "tf.function retracing" not in record.getMessage()


def _gpu(backend: str) -> str | None:
    """The name of the first GPU that the backend sees."""
    if backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        for gpu in found:
            with contextlib.suppress(RuntimeError, ValueError):
                tf.config.experimental.set_memory_growth(gpu, True)
        if not found:
            return None
        return str(tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU"))
    if backend == "jax":
        import jax

        gpus = [found for found in jax.devices() if found.platform in ("gpu", "cuda", "rocm")]
        return str(gpus[0].device_kind) if gpus else None
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


def device_name() -> str:
    """The name of what Keras, which has been imported, computes on."""
    import keras

    return _gpu(keras.config.backend()) or processor()


def make_deterministic(device: Device) -> None:
    """Have the backend compute the same to the last bit every time, if that costs nothing.

    On a processor it does not (measured on TensorFlow: within 2 %; JAX and torch need nothing). It lasts
    for the process: TensorFlow then refuses random operations until a seed has been set, which a training
    does.
    """
    if device.backend == "tensorflow" and device.kind == "cpu":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def choose_precision(wanted: str, device: Device) -> str:
    """The Keras dtype policy to train under.

    "auto" is mixed bfloat16 on a GPU, and on a processor with AMX tiles for it (measured on TensorFlow:
    1.5 to 2.5 times the speed of float32 there, and slower than float32 if they are missing).
    """
    if wanted != "auto":
        return wanted
    if device.kind == "gpu" or (device.backend == "tensorflow" and "amx_bf16" in _processor_flags()):
        return "mixed_bfloat16"
    return "float32"


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes of memory that can be had without swapping; a container's limit counts."""
    available = 4 << 30
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                available = int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        available = min(available, max(0, limit - used))
    return available


def processor() -> str:
    """The processor's name."""
    for key in ("model name", "Model"):
        found = _processor_information().get(key)
        if found:
            return found
    return platform.processor() or platform.machine()


def _processor_flags() -> set[str]:
    return set(_processor_information().get("flags", "").split())


def _processor_information() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    information: dict[str, str] = {}
    for line in text.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        information[name.strip()] = value.strip()
    return information


@contextlib.contextmanager
def quiet_native_output(*, both: bool = False) -> Iterator[None]:
    """Keep what native libraries write by themselves while they load from people's terminals.

    Threads do it one after the other: each puts back what it found.

    Args:
        both: the standard output too, where what other threads of the program print meanwhile is lost.
    """
    streams = [sys.stdout, sys.stderr] if both else [sys.stderr]
    with _quieting, contextlib.ExitStack() as restored:
        for stream in streams:
            stream.flush()
        for descriptor in [1, 2] if both else [2]:
            with contextlib.suppress(OSError):  # closed, so there is nothing to keep from
                saved = os.dup(descriptor)
                restored.callback(os.close, saved)
                restored.callback(os.dup2, saved, descriptor)
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, descriptor)
                os.close(null)
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import a large package without looking for garbage meanwhile, which is a tenth of the time (measured).

    It makes hundreds of thousands of objects that stay.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


_quieting = threading.RLock()
_building = threading.RLock()


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build under a dtype policy and leave Keras as it was: it may be the embedding program's too.

    Containers take this global policy, not one from their configuration. Threads build one after the other:
    weights are drawn from the process's random state, so a network would have others beside another thread.
    """
    import keras

    with _building:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(name)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)
