"""Several devices that train one network together: which there are, and Keras on them."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace

from suite.devices import Device, activate, choose_backend, prepare_environment, quiet_native_output
from suite.errors import UserError
from suite.process_group import ProcessGroup, process_group
from suite.training_options import RuntimeOptions
from suite.wording import counted


def activate_together(runtime: RuntimeOptions, join: Callable[[], ProcessGroup | None]) -> Device:
    """Start Keras on the devices that train together; on JAX, if there are several.

    Args:
        runtime: the options.
        join: joins the other processes, if there are any; called before JAX has computed anything.

    Returns:
        What Keras runs on, with the number of devices of all processes.

    Raises:
        UserError: if the backend knows only one device, or the devices are not there.
    """
    if runtime.devices == 1 and runtime.workers == 1 and process_group() is None:
        return activate(runtime.backend, runtime.device)
    backend = _backend(runtime)
    here = devices_here(runtime)
    prepare_environment(backend, runtime.device)
    import jax

    if here:
        # Those of a processor are made; GPUs are as many as there are. If JAX runs already, it refuses, and
        # its devices are counted below.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", here)
    with quiet_native_output():
        group = join()
    device = activate(backend, runtime.device)
    if group is not None:
        _check_group(runtime, group, jax.device_count())
        return replace(device, count=jax.device_count(), group=group)
    found = jax.local_device_count()
    count = found if runtime.devices == "all" else int(runtime.devices)
    if count > found:
        raise UserError(
            f"{count} devices are asked for, and JAX sees {counted(found, 'device', 'devices')} here: say"
            f" --devices {found}"
        )
    return replace(device, count=count)


def start_alone(runtime: RuntimeOptions) -> Device:
    """As `activate_together`, without starting or joining other processes."""
    return activate_together(runtime, process_group)


def devices_here(runtime: RuntimeOptions) -> int:
    """How many devices each process has; 0 for all that it sees.

    Raises:
        UserError: if they cannot be divided among the processes.
    """
    if runtime.devices == "all":
        if runtime.workers > 1:
            raise UserError("--workers divides the devices among processes: say how many, as --devices 8")
        return 0
    devices = max(int(runtime.devices), runtime.workers)
    if devices % runtime.workers:
        raise UserError(
            f"{devices} devices do not divide among {runtime.workers} processes: --devices"
            f" {-(-devices // runtime.workers) * runtime.workers} does"
        )
    return devices // runtime.workers


def shared_batch(batch_size: int, devices: int, *, is_chosen: bool) -> int:
    """The size of a batch that divides among devices.

    Args:
        batch_size: that is wanted.
        devices: that train together.
        is_chosen: whether a person chose it, and not the suite.

    Raises:
        UserError: if a chosen one does not divide, with those that do.
    """
    rounded = -(-batch_size // devices) * devices
    if is_chosen and rounded != batch_size:
        lower = f"{rounded - devices} or " if rounded > devices else ""
        raise UserError(
            f"a batch of {batch_size} examples does not divide among {devices} devices: --batch-size"
            f" {lower}{rounded} does"
        )
    return rounded


def _backend(runtime: RuntimeOptions) -> str:
    if runtime.backend == "auto" and importlib.util.find_spec("jax") is None:
        raise UserError('several devices train together on JAX: pip install "keras-suite[jax]"')
    backend = choose_backend("jax" if runtime.backend == "auto" else runtime.backend)
    if backend != "jax":
        raise UserError(f"{backend} trains on one device here: --backend jax trains on several")
    return backend


def _check_group(runtime: RuntimeOptions, group: ProcessGroup, found: int) -> None:
    wanted = found if runtime.devices == "all" or runtime.devices == 1 else int(runtime.devices)
    if found % group.size:
        raise UserError(
            f"the {group.size} processes have {found} devices together: each has to have as many as the next"
        )
    if wanted != found:
        raise UserError(f"{wanted} devices are asked for, and the {group.size} processes have {found}")
