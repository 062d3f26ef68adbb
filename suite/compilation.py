"""What JAX has compiled, kept on disk for the next process: large networks take a minute to compile."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path

from suite.devices import Device
from suite.errors import UserError, reason
from suite.folders import user_cache

MAX_BYTES = 4 << 30
"""What is used least recently goes if more than this is kept."""


def keep_compiled(wanted: str, device: Device) -> None:
    """Have JAX keep what it compiles, and take from there what was compiled before.

    It lasts for the process. A folder that the user has told JAX itself (`JAX_COMPILATION_CACHE_DIR`) stays.

    Args:
        wanted: "auto" (on a GPU), "off", or a folder.
        device: on which Keras runs.

    Raises:
        UserError: for a folder that cannot be written, or that another backend would not use.
    """
    folder = default_folder() if wanted == "auto" else Path(wanted).expanduser().resolve()
    if device.backend != "jax":
        if wanted not in ("auto", "off"):
            raise UserError(
                f"runtime.compilation_cache = '{wanted}': {device.backend} keeps nothing that it compiles;"
                " say --backend jax, or compilation_cache=off"
            )
        return
    import jax

    if wanted == "off":
        jax.config.update("jax_enable_compilation_cache", False)
        return
    # On a processor small networks compile quickly, and what is kept for one is of no use on another.
    if wanted == "auto" and (device.kind == "cpu" or jax.config.jax_compilation_cache_dir):
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        if wanted == "auto":
            return
        raise UserError(f"runtime.compilation_cache = '{wanted}': {reason(error)}") from None
    if not writable:
        if wanted == "auto":
            return
        raise UserError(f"runtime.compilation_cache = '{wanted}' cannot be written to")
    jax.config.update("jax_enable_compilation_cache", True)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # Before the first step JAX compiles hundreds of small functions, which are quick one by one.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    if importlib.util.find_spec("filelock") is not None:  # JAX needs it to remove anything
        jax.config.update("jax_compilation_cache_max_size", MAX_BYTES)
    with contextlib.suppress(ImportError, AttributeError):
        from jax.experimental.compilation_cache import compilation_cache

        compilation_cache.reset_cache()  # what was computed before this has settled that there is none


def default_folder() -> Path:
    """In the user's folder for caches."""
    return user_cache() / "compiled"
