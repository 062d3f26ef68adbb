"""The host: which plugins there are, what they contribute, and how one of it is looked up by name.

A host is an object. `Host()` discovers what is installed, `Host(my_plugin, discover=False)` holds that
plugin alone, and two hosts share nothing.

Discovery loops over the entry-point group itself rather than calling pluggy's
`load_setuptools_entrypoints`, which stops at the first broken plugin without naming it and silently
drops the second of two entry points with one name.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from suite import hookspecs
from suite.contributions import (
    Contributed,
    DataLoader,
    Evaluator,
    ListenerFactory,
    ModelBuilder,
    Task,
)
from suite.declarations import check_declaration, mistyped_argument, refuse_twins, refuse_unmarked
from suite.errors import PluginError, SuiteError, UserError, nearest
from suite.plugin_files import file_version, load_plugin_file, refused_file
from suite.plugin_frames import where

KINDS: dict[type, tuple[str, str]] = {
    Task: ("suite_tasks", "task"),
    DataLoader: ("suite_data_loaders", "data loader"),
    ModelBuilder: ("suite_model_builders", "model builder"),
    Evaluator: ("suite_evaluators", "evaluator"),
    ListenerFactory: ("suite_listeners", "listener"),
}
"""The hook that gives a kind of contribution, and what a message calls it."""

HEAVY = ("keras", "tensorflow", "jax", "torch")
"""What declaring must not import: Keras fixes its backend when imported, so `--backend` would be lost."""

Kind = TypeVar("Kind", Task, DataLoader[Any], ModelBuilder[Any], Evaluator[Any], ListenerFactory[Any])


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found: what it contributes, or why it could not be loaded.

    Attributes:
        name: the name of its distribution, or of the module or object if it has none.
        version: the version of its distribution, "" if it has none.
        contributions: everything it contributes; empty if `error` is set.
        error: one line on why it is not usable, "" if it is.
        seconds: how long importing it and calling its hooks took.
        file: the path of a plugin of one file.
        raised: what `error` is of, with its traceback.
    """

    name: str
    version: str = ""
    contributions: tuple[Contributed, ...] = ()
    error: str = ""
    seconds: float = 0.0
    file: str = ""
    raised: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass
class _Candidate:
    name: str
    version: str
    entry_points: list[metadata.EntryPoint] = field(default_factory=list)
    error: str = ""


class Host:
    """The plugins in use and a look-up of what they contribute.

    A name that is looked up may say its plugin, `plugin:name`. So may the name of a task, which tells two
    tasks of one name apart.

    Args:
        *plugins: modules or objects with hook implementations, or a `pathlib.Path` of a Python file with
            them, used in addition to installed ones. A module that an installed distribution declares as its
            plugin has that distribution's name.
        discover: whether to look for installed plugins (the entry-point group `suite.v1`).
        without: names of plugins to leave out; they are not even imported.

    Attributes:
        plugins: those that were found, with what they contribute.
        made_with: the arguments.
    """

    def __init__(self, *plugins: Any, discover: bool = True, without: Iterable[str] = ()) -> None:
        excluded = set(without)
        plugins = tuple(plugin.resolve() if isinstance(plugin, Path) else plugin for plugin in plugins)
        self.made_with = (plugins, discover, excluded)
        self.plugins: list[Plugin] = []
        modules = any(isinstance(plugin, ModuleType | Path) for plugin in plugins)
        found = _installed() if discover or modules else {}
        if discover:
            for name in sorted(excluded - found.keys()):
                raise UserError(f"there is no plugin '{name}' to leave out: {nearest(name, found)}")
            for name, candidate in sorted(found.items()):
                if name not in excluded:
                    self.plugins.append(_read_installed(candidate))
        for plugin in plugins:
            if isinstance(plugin, Path):
                self._add_file(plugin, found)
                continue
            identity = _identity(plugin, found)
            if any(known.name == identity.name and known.version for known in self.plugins):
                continue  # it was discovered
            self.plugins.append(_read(identity, [plugin]))
        names = [plugin.name for plugin in self.plugins]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"two plugins are called '{name}': leave one out")

    @classmethod
    def from_file(cls, *paths: str | Path, discover: bool = True, without: Iterable[str] = ()) -> Host:
        """A host with plugins of one file each, beside those that are installed.

        Args:
            *paths: of Python files with hook implementations. The name of a file is that of its plugin.
            discover: as for `Host`.
            without: as for `Host`.

        Raises:
            UserError: if a file cannot be imported, or does not declare a plugin, with its line.
        """
        return cls(*map(Path, paths), discover=discover, without=without)

    def _add_file(self, path: Path, installed: dict[str, _Candidate]) -> None:
        start, imported = time.perf_counter(), set(HEAVY) & sys.modules.keys()
        module = load_plugin_file(path)
        identity = _identity(module, installed)
        if any(known.name == identity.name and known.version for known in self.plugins):
            return  # it was discovered
        version = identity.version or file_version(module)
        read = _read(replace(identity, version=version, file=str(module.__file__)), [module], imported)
        if read.raised is not None:
            raise refused_file(Path(read.file), read.raised) from read.raised
        self.plugins.append(replace(read, seconds=time.perf_counter() - start))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it was made with; modules travel by their names."""
        plugins, discover, without = self.made_with
        named = [
            (plugin.__name__, None) if isinstance(plugin, ModuleType) else ("", plugin) for plugin in plugins
        ]
        return _host_again, (named, discover, without)

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.plugins if plugin.error]

    def tasks(self) -> list[Contributed[Task]]:
        """Every task, by name and plugin."""
        return self._contributed(Task)

    def loaders(self, task: str | None = None) -> list[Contributed[DataLoader[Any]]]:
        """Every data loader, of one task if `task` is given, by name and plugin."""
        return self._contributed(DataLoader, task)

    def builders(self, task: str | None = None) -> list[Contributed[ModelBuilder[Any]]]:
        """Every model builder, of one task if `task` is given, by name and plugin."""
        return self._contributed(ModelBuilder, task)

    def evaluators(self, task: str | None = None) -> list[Contributed[Evaluator[Any]]]:
        """Every evaluator, of one task if `task` is given, by name and plugin."""
        return self._contributed(Evaluator, task)

    def listeners(self) -> list[Contributed[ListenerFactory[Any]]]:
        """Everything that shows trainings elsewhere, by name and plugin."""
        return self._contributed(ListenerFactory)

    def contributions(self, task: str) -> list[Contributed]:
        """Everything that there is for a task: loaders, builders, evaluators."""
        return [*self.loaders(task), *self.builders(task), *self.evaluators(task)]

    def task(self, name: str, prefer: Collection[str] = ()) -> Task:
        """The task called `name`; see `find_task`."""
        return self.find_task(name, prefer).item

    def find_task(self, name: str, prefer: Collection[str] = ()) -> Contributed[Task]:
        """The task called `name`, and its plugin.

        Args:
            name: the task's name, or `plugin:name`.
            prefer: names of plugins whose task is meant if several plugins have one of this name, the first
                of them that has.

        Raises:
            UserError: if there is none (naming the nearest, and any plugin that could not be loaded), or if
                two plugins offer the name.
        """
        return self._one_of(Task, name, self.tasks(), prefer=prefer)

    def loader(self, name: str, task: str, prefer: Collection[str] = ()) -> Contributed[DataLoader[Any]]:
        """The data loader called `name` for `task`; arguments and errors as for `builder`."""
        return self._one_of(DataLoader, name, self.loaders(task), task, prefer)

    def builder(self, name: str, task: str, prefer: Collection[str] = ()) -> Contributed[ModelBuilder[Any]]:
        """The model builder called `name` for `task`. Raises `UserError` as `find_task` does.

        Args:
            name: the builder's name, or `plugin:name`.
            task: the task's name.
            prefer: names of plugins whose builder is meant if several plugins have one of this name.
        """
        return self._one_of(ModelBuilder, name, self.builders(task), task, prefer)

    def evaluator(self, name: str, task: str, prefer: Collection[str] = ()) -> Contributed[Evaluator[Any]]:
        """The evaluator called `name` for `task`; arguments and errors as for `builder`."""
        return self._one_of(Evaluator, name, self.evaluators(task), task, prefer)

    def listener(self, name: str) -> Contributed[ListenerFactory[Any]]:
        """What is called `name` and shows trainings; errors as for `find_task`."""
        return self._one_of(ListenerFactory, name, self.listeners())

    def _contributed(self, kind: type[Kind], task: str | None = None) -> list[Contributed[Kind]]:
        plugin_of_task, _, bare = (task or "").rpartition(":")
        owners = {plugin.name for plugin in self.plugins for name in _task_names(plugin) if name == bare}
        found: list[Any] = [
            contributed
            for plugin in self.plugins
            for contributed in plugin.contributions
            if isinstance(contributed.item, kind)
            and (task is None or contributed.task == bare)
            # What the plugin of another task of this name contributes is for that one.
            and (not plugin_of_task or plugin.name == plugin_of_task or plugin.name not in owners)
        ]
        return sorted(found, key=lambda contributed: (contributed.name, contributed.plugin))

    def _one_of(
        self,
        kind: type[Kind],
        name: str,
        offered: list[Contributed[Kind]],
        task: str | None = None,
        prefer: Collection[str] = (),
    ) -> Contributed[Kind]:
        if task is not None and not offered:
            self.find_task(task)
        wanted_plugin, _, bare = name.rpartition(":")
        matches = [
            contributed
            for contributed in offered
            if contributed.name == bare and (not wanted_plugin or contributed.plugin == wanted_plugin)
        ]
        preferred = [match for plugin in prefer for match in matches if match.plugin == plugin]
        if len(matches) == 1 or preferred:
            return (preferred or matches)[0]
        label = KINDS[kind][1]
        where = f" for task '{task.rpartition(':')[2]}'" if task else ""
        if matches:
            choices = " or ".join(contributed.full_name for contributed in matches)
            raise UserError(f"more than one plugin offers the {label} '{bare}'{where}: say {choices}")
        known = [contributed.full_name if wanted_plugin else contributed.name for contributed in offered]
        message = f"there is no {label} '{name}'{where}: {nearest(name, known)}"
        if not offered and not self.plugins:
            message = f"there is no {label} '{name}'{where}: no plugin is installed"
        for plugin in self.broken:
            message += f"\nplugin '{plugin.name}' could not be loaded and may offer it: {plugin.error}"
        raise UserError(message)


def _task_names(plugin: Plugin) -> Iterator[str]:
    for contributed in plugin.contributions:
        if isinstance(contributed.item, Task):
            yield contributed.item.name


def _host_again(plugins: Iterable[tuple[str, Any]], discover: bool, without: Collection[str]) -> Host:
    given = [importlib.import_module(name) if name else plugin for name, plugin in plugins]
    return Host(*given, discover=discover, without=without)


def _identity(plugin: Any, installed: dict[str, _Candidate]) -> Plugin:
    """The name of a plugin that is given as an object: its distribution's if one declares it."""
    name = str(getattr(plugin, "__name__", None) or type(plugin).__name__)
    if isinstance(plugin, ModuleType):
        for candidate in installed.values():
            if any(entry_point.value == name for entry_point in candidate.entry_points):
                return Plugin(candidate.name, candidate.version)
    return Plugin(name)


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
            candidate.entry_points.extend(
                sorted(found, key=lambda entry_point: (entry_point.name, entry_point.value))
            )
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
    imported = set(HEAVY) & sys.modules.keys()
    try:
        loaded = [entry_point.load() for entry_point in candidate.entry_points]
        _refuse_heavy(imported)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded and shown
        return _broken(plugin, error, start)
    read = _read(plugin, loaded)
    return replace(read, seconds=time.perf_counter() - start)


def _broken(plugin: Plugin, error: BaseException, start: float) -> Plugin:
    return replace(plugin, error=_one_line(error), raised=error, seconds=time.perf_counter() - start)


def _read(plugin: Plugin, objects: list[Any], before: Collection[str] | None = None) -> Plugin:
    """Call the hooks of one plugin: all that it contributes counts, or nothing.

    `before` is what of `HEAVY` had been imported before it.
    """
    start = time.perf_counter()
    imported = set(HEAVY) & sys.modules.keys() if before is None else before
    contributions: list[Contributed] = []
    try:
        manager = pluggy.PluginManager("suite")
        manager.add_hookspecs(hookspecs)
        for index, implementation in enumerate(objects):
            refuse_unmarked(implementation, [hook for hook, _ in KINDS.values()])
            manager.register(implementation, f"{plugin.name}:{index}")
        manager.check_pending()
        for kind, (hook, label) in KINDS.items():
            for returned in getattr(manager.hook, hook)():
                if not isinstance(returned, Iterable):
                    raise PluginError(f"its hook {hook}() returned {returned!r}, which is not a list")
                for item in returned:
                    check_declaration(item, kind, hook, label)
                    contributions.append(Contributed(plugin.name, item, label))
        refuse_twins(contributions)
        _refuse_heavy(imported)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded and shown
        return _broken(plugin, error, start)
    return replace(plugin, contributions=tuple(contributions), seconds=time.perf_counter() - start)


def _refuse_heavy(imported: Collection[str]) -> None:
    """Refuse a plugin that has imported more of `HEAVY` than what was imported before."""
    heavy = sorted((set(HEAVY) - set(imported)) & sys.modules.keys())
    if heavy:
        raise PluginError(f"it imports {heavy[0]} when it is declared: give its callables as suite.lazy(...)")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) + mistyped_argument(error)
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = "" if isinstance(error, SuiteError) else where(error).strip()
    return f"{what} ({place})" if place else what
