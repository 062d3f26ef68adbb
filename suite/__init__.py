"""A plugin-based suite of deep-learning applications on Keras 3: the host, which knows no task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.contributions import DataLoader as DataLoader
    from suite.contributions import Evaluator as Evaluator
    from suite.contributions import ModelBuilder as ModelBuilder
    from suite.contributions import Task as Task
    from suite.contributions import hookimpl as hookimpl
    from suite.contributions import lazy as lazy
    from suite.errors import PluginError as PluginError
    from suite.errors import RunError as RunError
    from suite.errors import SuiteError as SuiteError
    from suite.errors import UserError as UserError
    from suite.host import Host as Host
    from suite.options import Options as Options
    from suite.prediction.loading import load as load

__version__ = "0.1.0"

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
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
            "load": "suite.prediction.loading",
        },
    )
