"""Whether the declaration of a contribution is well formed: nothing of it is called."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import msgspec

from suite.contributions import (
    Contributed,
    DataLoader,
    Evaluator,
    Lazy,
    ListenerFactory,
    Metric,
    ModelBuilder,
    Task,
)
from suite.errors import PluginError, nearest
from suite.options import Options

_CALLABLES = ("sample", "load", "detect", "build", "codec", "evaluate", "open")
_OPTIONAL_CALLABLES = (
    *("pretrained", "baseline", "explain", "inspect", "preview", "check", "facts"),
    *("perfect", "write_sample"),
)
_DECLARED = (Task, DataLoader, ModelBuilder, Evaluator, ListenerFactory, Metric)

_PREFIX = "suite_"
"""Of the names of hooks."""

_TEXTS = ("task", "summary", "metric", "builder", "types", "templates")
_NEEDED_TEXTS = ("task", "metric", "builder")
_OF_CALLABLES = ("reference_models", "formats")


def check_declaration(item: Any, kind: type, hook: str, label: str) -> None:
    """Refuse a contribution that is malformed. Raises `PluginError`."""
    if not isinstance(item, kind):
        raise PluginError(f"its hook {hook}() returned {item!r}, which is not a {kind.__name__}")
    name = item.name  # type: ignore[attr-defined]
    if not isinstance(name, str) or not name or ":" in name or name != name.strip():
        raise PluginError(f"it names a {label} {name!r}: a name is not empty and has no ':'")
    for attribute in fields(item):  # type: ignore[arg-type]
        value = getattr(item, attribute.name)
        defect = _defect(attribute.name, value)
        if defect:
            raise PluginError(f"the {attribute.name} of its {label} '{name}' {defect}")


def _defect(attribute: str, value: Any) -> str:
    """What is wrong with an attribute of a declaration, as the end of a sentence; "" if nothing is."""
    if attribute in ("options", "prediction_options"):
        if not (isinstance(value, type) and issubclass(value, Options)):
            return f"are {value!r}, no class of options"
        needed = _without_default(value)
        return f"have no default for '{needed[0]}'" if needed else ""
    if attribute in _TEXTS and not isinstance(value, str):
        return f"is {value!r}, which is not text"
    if attribute in _NEEDED_TEXTS and (not value or ":" in value):
        return f"is '{value}', which is no name"
    if attribute in _CALLABLES and not callable(value):
        return f"is {value!r}, which cannot be called"
    if attribute in _OPTIONAL_CALLABLES and value is not None and not callable(value):
        return f"is {value!r}, which cannot be called"
    if attribute in _OF_CALLABLES:
        if not isinstance(value, Mapping):
            return f"are {value!r}, not a dictionary of functions by name"
        wrong = [
            name for name, function in value.items() if not isinstance(name, str) or not callable(function)
        ]
        return f"hold {wrong[0]!r}: {value[wrong[0]]!r}, which is not a function by its name" if wrong else ""
    if attribute == "trial" and not isinstance(value, Mapping | None):
        return f"is {value!r}, not a dictionary of options by name"
    if attribute == "quick" and not isinstance(value, Mapping):
        return f"is {value!r}, not a dictionary of values by the keys that --set takes"
    if attribute == "evaluators":
        if isinstance(value, str) or not isinstance(value, tuple | list):
            return f'are {value!r}, not a tuple of names: ("accuracy",)'
        return "" if all(isinstance(name, str) and name for name in value) else f"are {value!r}, not names"
    if attribute == "metrics":
        if not isinstance(value, Mapping):
            return f"are {value!r}, not a dictionary of suite.Metric by name"
        wrong = [name for name, metric in value.items() if not _is_metric(name, metric)]
        return (
            f"hold {wrong[0]!r}: {value[wrong[0]]!r}, which is not a suite.Metric by its name"
            if wrong
            else ""
        )
    if attribute == "widgets" and value is not None:
        from suite.widget_checks import widgets_defect

        return widgets_defect(value)
    if attribute == "prediction_type" and not isinstance(value, type | Lazy | None):
        return f"is {value!r}, which is neither a class nor suite.lazy(...) of one"
    return ""


def _is_metric(name: Any, metric: Any) -> bool:
    return (
        isinstance(name, str)
        and isinstance(metric, Metric)
        and isinstance(metric.label, str)
        and bool(metric.label)
        and isinstance(metric.higher_is_better, bool)
    )


def _without_default(options: type[Options]) -> list[str]:
    # `msgspec.structs.fields` resolves type hints too, which takes milliseconds for each class.
    defaults = options.__struct_defaults__
    positional = (msgspec.NODEFAULT,) * (len(options.__struct_fields__) - len(defaults))
    pairs = zip(options.__struct_fields__, positional + defaults, strict=True)
    return [name for name, default in pairs if default is msgspec.NODEFAULT]


def refuse_unmarked(implementation: Any, hooks: Collection[str]) -> None:
    """Refuse a module, or an object, with hooks that are not marked, or marked ones that are no hooks.

    Both would be passed over: the plugin would contribute less than its author sees in it.

    Args:
        implementation: with hooks.
        hooks: the names of those that there are.

    Raises:
        PluginError: with the name of the function, and its line.
    """
    for name in dir(implementation):
        if not name.startswith(_PREFIX):
            continue
        function = getattr(implementation, name, None)
        if not callable(function):
            continue
        marked = hasattr(function, "suite_impl")
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", None)
        where = f"{name}(){f', line {line},' if line else ''}"
        if name in hooks and not marked:
            raise PluginError(f"its hook {where} is not marked: put @suite.hookimpl above it")
        if marked and name not in hooks:
            raise PluginError(
                f"its {where} is marked as a hook, and there is none of that name: {nearest(name, hooks)}"
            )


def mistyped_argument(error: BaseException) -> str:
    """The end of a sentence on an argument that a contribution has not: ": did you mean 'task'?"; else ""."""
    found = re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    kind = next((kind for kind in _DECLARED if found and kind.__name__ == found[1]), None)
    if found is None or kind is None:
        return ""
    return f": {nearest(found[2], [attribute.name for attribute in fields(kind)])}"


def refuse_twins(contributions: list[Contributed]) -> None:
    """Refuse a plugin that contributes the same twice. Raises `PluginError`."""
    seen = set()
    for contributed in contributions:
        key = (contributed.kind, contributed.task, contributed.name)
        if key in seen:
            raise PluginError(f"it contributes the {contributed.kind} '{contributed.name}' twice")
        seen.add(key)
