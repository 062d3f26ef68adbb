"""From a path to a data set: which loader, with which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.contributions import Contributed, DataLoader, Task
from suite.data.checks import check_dataset, check_json
from suite.data.dataset import Dataset
from suite.errors import PluginError, UserError, attributed
from suite.files import refuse_url
from suite.host import Host
from suite.options import parse


def load_dataset(
    host: Host,
    task: str,
    path: str | Path,
    loader: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Dataset, Contributed[DataLoader[Any]]]:
    """Load the data at `path` by the named loader, or by the one that recognizes it.

    Args:
        host: where loaders are looked up.
        task: the task's name.
        path: what the user gave.
        loader: a loader's name, or None to try each. If none recognizes the path, or several do, it is
            the only one that knows all of `options`.
        options: the loader's options by name; those left out have their defaults.

    Returns:
        The data set, whose `options` are the loader's with what "auto" became, and the loader.

    Raises:
        UserError: if nothing is at `path`, no loader or more than one recognizes it, or an option is
            wrong; and whatever the loader or the task finds wrong with the data.
        PluginError: if the loader gives something that is no `Dataset`.
    """
    refuse_url(str(path))
    path = Path(path)
    try:
        path.stat()
    except FileNotFoundError:
        raise UserError(f"there is no file or folder '{path}'") from None
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}") from None
    options = options or {}
    chosen = host.loader(loader, task) if loader else _detected(host, task, path, options)
    parsed = parse(chosen.item.options, options, f"[loader] ({chosen.name})")
    with attributed(str(chosen)):
        dataset = chosen.item.load(path, parsed)
    check_dataset(dataset, str(chosen))
    if not any(len(examples) for examples in dataset.splits.values()):
        raise UserError(f"{path} holds no examples (read by the loader '{chosen.name}')")
    if dataset.options is None:
        dataset = replace(dataset, options=parsed)
    elif type(dataset.options) is not type(parsed):
        raise PluginError(
            f"{chosen} gave the options {type(dataset.options).__name__}, not {type(parsed).__name__}"
        )
    return checked(dataset, host.find_task(task)), chosen


def checked(dataset: Dataset, task: Contributed[Task]) -> Dataset:
    """The data set with the facts that its task derives, after the task's own check.

    Raises:
        UserError: if the data does not satisfy the task.
    """
    if task.item.facts is not None and not dataset.facts:
        with attributed(f"facts of {task}"):
            facts = task.item.facts(dataset)
        check_json(facts, "facts", f"facts of {task}")
        dataset = replace(dataset, facts=facts)
    if task.item.check is not None:
        with attributed(f"check of {task}"):
            task.item.check(dataset)
    return dataset


def _detected(host: Host, task: str, path: Path, options: Mapping[str, Any]) -> Contributed[DataLoader[Any]]:
    offered = host.loaders(task) or host.loaders(host.find_task(task).name)
    claims, failed = [], []
    for loader in offered:
        try:
            if loader.item.detect(path):
                claims.append(loader)
        except UserError:
            continue
        except Exception as error:  # noqa: BLE001 - one loader's defect is not to stop the others
            failed.append(f"\n{loader} failed when it looked at the data: {type(error).__name__}: {error}")
    if len(claims) == 1:
        return claims[0]
    meant = [
        loader
        for loader in claims or offered
        if options and options.keys() <= set(loader.item.options.__struct_fields__)
    ]
    if len(meant) == 1:
        return meant[0]
    if claims:
        names = " and ".join(_full_names(claims))
        raise UserError(f"more than one loader recognizes '{path}': {names}. Choose one with --loader")
    listed = "".join(f"\n  {loader.name}: {loader.item.summary}" for loader in offered)
    broken = "".join(
        f"\nplugin '{plugin.name}' could not be loaded: {plugin.error}" for plugin in host.broken
    )
    broken += "".join(failed)
    if not offered:
        raise UserError(f"no plugin offers a data loader for task '{task}'{broken}")
    if path.is_dir() and not any(path.iterdir()):
        raise UserError(f"{path} is an empty folder")
    others = "".join(f"\nIt looks like data for the task '{name}'" for name in _tasks_of(host, task, path))
    raise UserError(
        f"no loader recognizes '{path}'. There are{listed}{broken}{others}\n"
        "Name one with --loader to see why not"
    )


def _tasks_of(host: Host, task: str, path: Path) -> list[str]:
    """The other tasks of which a loader recognizes the data."""
    found: list[str] = []
    for loader in host.loaders():
        if loader.task not in (task.rpartition(":")[2], *found):
            try:
                recognized = loader.item.detect(path)
            except Exception:  # noqa: BLE001 - a hint is not worth an error
                recognized = False
            if recognized:
                found.append(loader.task)
    return found


def _full_names(loaders: list[Contributed[DataLoader[Any]]]) -> list[str]:
    """Bare names, or with the plugin's if two are the same."""
    names = [loader.name for loader in loaders]
    return [loader.full_name if names.count(loader.name) > 1 else loader.name for loader in loaders]
