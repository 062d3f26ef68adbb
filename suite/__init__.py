"""A plugin-based suite of deep-learning applications on Keras 3: the host, which knows no task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite.contributions import DataLoader, Evaluator, ModelBuilder, Task, hookimpl, lazy
from suite.errors import PluginError, RunError, SuiteError, UserError
from suite.host import Host
from suite.options import Options

if TYPE_CHECKING:
    from suite.prediction import load

__version__ = "0.1.0"

__all__ = [
    "DataLoader",
    "Evaluator",
    "Host",
    "ModelBuilder",
    "Options",
    "PluginError",
    "RunError",
    "SuiteError",
    "Task",
    "UserError",
    "hookimpl",
    "lazy",
    "load",
]


def __getattr__(name: str) -> Any:
    if name == "load":
        from suite.prediction import load

        return load
    raise AttributeError(f"module 'suite' has no attribute '{name}'")
