"""From a path to a data set: which loader, with which options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.contributions import Contributed, DataLoader
from suite.data.dataset import Dataset
from suite.errors import PluginError, UserError, attributed
from suite.host import Host
from suite.options import parse


def load_dataset(
    host: Host,
    task: str,
    path: str | Path,
    loader: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Dataset, Contributed]:
    """Load the data at `path` by the named loader, or by the one that recognizes it.

    Args:
        host: where loaders are looked up.
        task: the task's name.
        path: what the user gave.
        loader: a loader's name, or None to ask each. Where none recognizes the path, or several do, it is
            the only one that knows all of `options`.
        options: the loader's options by name; those left out have their defaults.

    Returns:
        The data set, and the loader that made it.

    Raises:
        UserError: where nothing is at `path`, no loader or more than one recognizes it, or an option is
            wrong; and whatever the loader finds wrong with the data.
        PluginError: where the loader gives something that is no `Dataset`.
    """
    path = Path(path)
    try:
        path.stat()
    except FileNotFoundError:
        raise UserError(f"there is no file or folder '{path}'") from None
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}") from None
    options = options or {}
    found = host.find("data_loaders", loader, task) if loader else _detected(host, task, path, options)
    item = found.item
    assert isinstance(item, DataLoader)
    parsed = parse(item.options, options, f"[loader] ({item.name})")
    with attributed(str(found)):
        dataset = item.load(path, parsed)
    if not isinstance(dataset, Dataset):
        raise PluginError(f"{found} gave {type(dataset).__name__}, which is not a suite.data.Dataset")
    if not any(len(part) for part in dataset.parts.values()):
        raise UserError(f"{path} holds no examples (read by the loader '{item.name}')")
    return dataset, found


def _detected(host: Host, task: str, path: Path, options: Mapping[str, Any]) -> Contributed:
    offered = host.contributed("data_loaders", host.task(task).name)
    claims = []
    for one in offered:
        assert isinstance(one.item, DataLoader)
        with attributed(str(one)):
            if one.item.detect(path):
                claims.append(one)
    if len(claims) == 1:
        return claims[0]
    meant = [one for one in claims or offered if options and options.keys() <= _known_options(one)]
    if len(meant) == 1:
        return meant[0]
    if claims:
        names = " and ".join(_full_names(claims))
        raise UserError(f"more than one loader recognizes '{path}': {names}. Choose one with --loader")
    listed = "".join(f"\n  {one.item.name}: {getattr(one.item, 'summary', '')}" for one in offered)
    broken = "".join(f"\nplugin '{one.name}' could not be loaded: {one.error}" for one in host.broken)
    if not offered:
        raise UserError(f"no plugin offers a data loader for task '{task}'{broken}")
    if path.is_dir() and not any(path.iterdir()):
        raise UserError(f"{path} is an empty folder")
    others = "".join(f"\nIt looks like data for the task '{name}'" for name in _tasks_of(host, task, path))
    raise UserError(
        f"no loader recognizes '{path}'. There are{listed}{broken}{others}\n"
        "Name one with --loader to see why not"
    )


def _known_options(loader: Contributed) -> set[str]:
    assert isinstance(loader.item, DataLoader)
    return set(loader.item.options.__struct_fields__)


def _tasks_of(host: Host, task: str, path: Path) -> list[str]:
    """The other tasks of which a loader recognizes the data."""
    found = []
    for one in host.contributed("data_loaders"):
        assert isinstance(one.item, DataLoader)
        if one.item.task != task and one.item.task not in found:
            with attributed(str(one)):
                if one.item.detect(path):
                    found.append(one.item.task)
    return found


def _full_names(contributions: list[Contributed]) -> list[str]:
    """Bare names, with the plugin's where two have the same."""
    names = [one.item.name for one in contributions]
    return [
        f"{one.plugin}:{one.item.name}" if names.count(one.item.name) > 1 else one.item.name
        for one in contributions
    ]
