"""The host: which plugins there are, what they contribute, and how one of it is looked up by name.

A host is an object. `Host()` discovers what is installed, `Host(my_plugin, discover=False)` holds that
plugin alone, and two hosts share nothing.

Discovery loops over the entry-point group itself rather than calling pluggy's
`load_setuptools_entrypoints`, which stops at the first broken plugin without naming it and silently
drops the second of two entry points with one name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import metadata
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal, TypeVar

import pluggy

from suite import hookspecs
from suite.contributions import Contributed, Contribution, DataLoader, Evaluator, ModelBuilder, Task, hookimpl
from suite.errors import PluginError, UserError, nearest

KINDS: dict[str, tuple[str, type]] = {
    "tasks": ("task", Task),
    "data_loaders": ("data loader", DataLoader),
    "model_builders": ("model builder", ModelBuilder),
    "evaluators": ("evaluator", Evaluator),
}

Kind = Literal["tasks", "data_loaders", "model_builders", "evaluators"]
Item = TypeVar("Item", Task, DataLoader, ModelBuilder, Evaluator)


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found: what it contributes, or why it could not be loaded.

    Attributes:
        name: the name of its distribution, or of the module or object where it has none.
        version: the version of its distribution, "" where it has none.
        contributions: everything it contributes; empty where `error` is set.
        error: one line on why it is not usable, "" where it is.
        seconds: how long importing it and asking it took.
    """

    name: str
    version: str = ""
    contributions: tuple[Contributed, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass
class _Candidate:
    name: str
    version: str
    entry_points: list[metadata.EntryPoint] = field(default_factory=list)
    error: str = ""


class Host:
    """The plugins in use and a look-up of what they contribute.

    Args:
        *plugins: modules or objects with hook implementations, used in addition to installed ones.
        discover: whether to look for installed plugins (the entry-point group `suite.v1`).
        without: names of plugins to leave out; they are not even imported.
    """

    def __init__(self, *plugins: Any, discover: bool = True, without: Iterable[str] = ()) -> None:
        excluded = set(without)
        self.plugins: list[Plugin] = []
        if discover:
            found = _installed()
            for name in sorted(excluded - found.keys()):
                raise UserError(f"there is no plugin '{name}' to leave out: {nearest(name, found)}")
            for name, candidate in sorted(found.items()):
                if name not in excluded:
                    self.plugins.append(_read_installed(candidate))
        for plugin in plugins:
            name = getattr(plugin, "__name__", None) or type(plugin).__name__
            self.plugins.append(_read(Plugin(str(name)), [plugin]))
        names = [plugin.name for plugin in self.plugins]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"two plugins are called '{name}': leave one out")

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.plugins if plugin.error]

    def contributed(self, kind: Kind, task: str | None = None) -> list[Contributed]:
        """Everything of one kind, of one task where `task` is given, by name and plugin."""
        _, wanted = KINDS[kind]
        found = [
            contributed
            for plugin in self.plugins
            for contributed in plugin.contributions
            if isinstance(contributed.item, wanted)
            and (task is None or getattr(contributed.item, "task", contributed.item.name) == task)
        ]
        return sorted(found, key=lambda one: (one.item.name, one.plugin))

    def task(self, name: str) -> Task:
        """The task called `name` (or `plugin:name`)."""
        return self._find("tasks", name).item  # type: ignore[return-value]

    def find(self, kind: Kind, name: str, task: str) -> Contributed:
        """The contribution of `kind` called `name` (or `plugin:name`) for `task`.

        Raises:
            UserError: where there is none (naming the nearest, and any plugin that could not be loaded),
                or where two plugins offer the name.
        """
        return self._find(kind, name, self.task(task).name)

    def _find(self, kind: Kind, name: str, task: str | None = None) -> Contributed:
        wanted_plugin, _, bare = name.rpartition(":")
        offered = self.contributed(kind, task)
        matches = [
            one
            for one in offered
            if one.item.name == bare and (not wanted_plugin or one.plugin == wanted_plugin)
        ]
        if len(matches) == 1:
            return matches[0]
        label = KINDS[kind][0]
        where = f" for task '{task}'" if task else ""
        if matches:
            choices = " or ".join(f"{one.plugin}:{bare}" for one in matches)
            raise UserError(f"more than one plugin offers the {label} '{bare}'{where}: say {choices}")
        known = [one.item.name for one in offered]
        if wanted_plugin:
            known = [f"{one.plugin}:{one.item.name}" for one in offered]
        message = f"there is no {label} '{name}'{where}: {nearest(name, known)}"
        if not offered and not self.plugins:
            message = f"there is no {label} '{name}'{where}: no plugin is installed"
        for plugin in self.broken:
            message += f"\nplugin '{plugin.name}' could not be loaded and may offer it: {plugin.error}"
        raise UserError(message)


def _installed() -> dict[str, _Candidate]:
    """The distributions with entry points for us. One that cannot be read does not hide the others."""
    candidates: dict[str, _Candidate] = {}
    for distribution in metadata.distributions():
        # Looking at the text first is faster than parsing the entry points of everything installed.
        text = distribution.read_text("entry_points.txt")
        if not text or hookspecs.ENTRY_POINT_GROUP not in text:
            continue
        name = distribution.metadata["Name"] or "a distribution without a name"
        if name in candidates:  # one further down sys.path, which Python would not import either
            continue
        candidate = _Candidate(name, distribution.metadata["Version"] or "")
        try:
            found = distribution.entry_points.select(group=hookspecs.ENTRY_POINT_GROUP)
            candidate.entry_points.extend(sorted(found, key=lambda one: (one.name, one.value)))
        except Exception as error:  # noqa: BLE001 - recorded and shown
            candidate.error = f"its entry points cannot be read: {_one_line(error)}"
        if candidate.entry_points or candidate.error:
            candidates[name] = candidate
    return candidates


def _read_installed(candidate: _Candidate) -> Plugin:
    plugin = Plugin(candidate.name, candidate.version, error=candidate.error)
    if plugin.error:
        return plugin
    start = time.perf_counter()
    try:
        loaded = [entry_point.load() for entry_point in candidate.entry_points]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded and shown
        return replace(plugin, error=_one_line(error), seconds=time.perf_counter() - start)
    read = _read(plugin, loaded)
    return replace(read, seconds=time.perf_counter() - start)


def _read(plugin: Plugin, objects: list[Any]) -> Plugin:
    """Ask one plugin for everything it contributes: all of it counts, or none."""
    start = time.perf_counter()
    contributions: list[Contributed] = []
    try:
        manager = pluggy.PluginManager("suite")
        manager.add_hookspecs(hookspecs)
        for index, implementation in enumerate(objects):
            _refuse_hidden_hooks(implementation)
            manager.register(implementation, f"{plugin.name}:{index}")
        manager.check_pending()
        for kind, (label, wanted) in KINDS.items():
            for answer in getattr(manager.hook, kind)():
                if not isinstance(answer, Iterable):
                    raise PluginError(f"its hook {kind}() returned {answer!r}, which is not a list")
                for item in answer:
                    contributions.append(_checked(plugin, kind, label, wanted, item))
        _refuse_twins(contributions)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded and shown
        return replace(plugin, error=_one_line(error), seconds=time.perf_counter() - start)
    return replace(plugin, contributions=tuple(contributions), seconds=time.perf_counter() - start)


def _refuse_hidden_hooks(plugin: Any) -> None:
    """Refuse a package with a hook and a submodule of one name.

    Python makes a submodule an attribute of its package when it is imported, so the hook would vanish as
    soon as something in that module is used: the first host would have it, and the next one would not.
    """
    if not isinstance(plugin, ModuleType) or not hasattr(plugin, "__path__"):
        return
    for name in dir(plugin):
        is_hook = hasattr(getattr(plugin, name), f"{hookimpl.project_name}_impl")
        if is_hook and find_spec(f"{plugin.__name__}.{name}") is not None:
            raise PluginError(
                f"its module {plugin.__name__}.{name} hides its hook {name}(): rename the module"
            )


def _checked(plugin: Plugin, kind: str, label: str, wanted: type, item: Contribution) -> Contributed:
    if not isinstance(item, wanted):
        raise PluginError(f"its hook {kind}() returned {item!r}, which is not a {wanted.__name__}")
    if not item.name or ":" in item.name or item.name != item.name.strip():
        raise PluginError(f"it names a {label} {item.name!r}: a name is not empty and has no ':'")
    return Contributed(plugin.name, item, label)


def _refuse_twins(contributions: list[Contributed]) -> None:
    seen = set()
    for one in contributions:
        key = (one.kind, getattr(one.item, "task", None), one.item.name)
        if key in seen:
            raise PluginError(f"it contributes the {one.kind} '{one.item.name}' twice")
        seen.add(key)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
