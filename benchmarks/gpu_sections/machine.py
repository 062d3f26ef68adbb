"""What this machine is, which versions it has, and whether its device computes as fast as it should."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

from gpu_sections.measurement import Measurement
from suite.devices import activate, available_memory, cores, processor
from suite.versions import installed

PACKAGES = (
    "keras-suite",
    "keras",
    "jax",
    "jaxlib",
    "jax-cuda12-plugin",
    "jax-cuda13-plugin",
    "torch",
    "tensorflow",
    "numpy",
    "opencv-python-headless",
)


def describe(measurement: Measurement) -> None:
    """Names and versions first, then a large matrix product."""
    device = activate(measurement.backend)
    import jax

    first = jax.local_devices()[0]
    statistics = first.memory_stats() or {}
    measurement.keep(
        kind=device.kind,
        device=device.name,
        devices=len(jax.local_devices()),
        device_memory=statistics.get("bytes_limit"),
        driver=str(getattr(first.client, "platform_version", "")).strip().replace("\n", " ")[:200],
        processor=processor(),
        cores=cores(),
        host_memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        free_memory=available_memory(),
        python=platform.python_version(),
        platform=platform.platform(),
        packages=installed(list(PACKAGES)),
    )
    measurement.keep(matrix_teraflops=matrix_product(512 if measurement.quick else 8192))


def matrix_product(side: int, times: int = 20) -> float:
    """Teraflops of a product of two square bfloat16 matrices: what the device can do at most, about."""
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(jax.random.key(0), 2)
    left, right = (jax.random.normal(key, (side, side), jnp.bfloat16) for key in keys)
    # Scaled, so that the numbers of a chain of products stay what they are.
    product: Any = jax.jit(lambda a, b: (a @ b) * (side**-0.5))
    product(left, right).block_until_ready()
    began = time.perf_counter()
    for _ in range(times):
        left = product(left, right)
    left.block_until_ready()
    return 2 * side**3 * times / (time.perf_counter() - began) / 1e12
