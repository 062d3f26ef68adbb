"""A plugin-based suite of deep-learning applications on Keras 3: the host, which knows no task."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.contributions import DataLoader, Evaluator, ModelBuilder, Task, hookimpl, lazy
    from suite.errors import PluginError, RunError, SuiteError, UserError
    from suite.host import Host
    from suite.options import Options
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

# Imported when first asked for: `suite --help` needs none of them.
_HOMES = {
    "DataLoader": "suite.contributions",
    "Evaluator": "suite.contributions",
    "Host": "suite.host",
    "ModelBuilder": "suite.contributions",
    "Options": "suite.options",
    "PluginError": "suite.errors",
    "RunError": "suite.errors",
    "SuiteError": "suite.errors",
    "Task": "suite.contributions",
    "UserError": "suite.errors",
    "hookimpl": "suite.contributions",
    "lazy": "suite.contributions",
    "load": "suite.prediction",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'suite' has no attribute '{name}'")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
