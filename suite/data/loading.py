"""From a path to a data set: which loader, with which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.contributions import Contributed, DataLoader, Task
from suite.data.checks import check_dataset, check_json
from suite.data.dataset import Dataset, Problem
from suite.data.groups import COLUMN_OPTION, grouped, is_pattern, with_group_column
from suite.data.unrecognized import detection, readable_as, reasons, unrecognized
from suite.errors import PluginError, UserError, attributed
from suite.host import Host
from suite.options import parse
from suite.regular_files import refuse_special
from suite.shown_addresses import with_addresses
from suite.sources.addresses import is_address, is_local
from suite.sources.opening import listed_once
from suite.stopping import check_stop


@listed_once()
def load_dataset(
    host: Host,
    task: str,
    path: str | Path,
    loader: str | None = None,
    options: Mapping[str, Any] | None = None,
    groups: str = "",
) -> tuple[Dataset, Contributed[DataLoader[Any]]]:
    """Load the data at `path` by the named loader, or by the one that recognizes it.

    Args:
        host: where loaders are looked up.
        task: the task's name.
        path: what the user gave, which may be an address (`s3://...`).
        loader: a loader's name, or None to try each. If none recognizes the path, or several do, it is
            the only one that knows all of `options`; a fallback gives way to a loader of another plugin.
        options: the loader's options by name; those left out have their defaults.
        groups: the column, or the pattern of examples' names, by which examples belong together; empty leaves
            it to the loader.

    Returns:
        The data set, whose `options` are the loader's with what "auto" became, and the loader.

    Raises:
        UserError: if nothing is at `path`, no loader or more than one recognizes it, or an option is
            wrong; and whatever the loader or the task finds wrong with the data.
        PluginError: if the loader gives something that is no `Dataset`.
    """
    is_elsewhere = is_address(path) and not is_local(str(path))
    path = _copy(path) if is_address(path) else Path(path)
    try:
        refuse_special(path)
    except FileNotFoundError:
        raise UserError(f"there is no file or folder '{path}'") from None
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}") from None
    options = options or {}
    chosen = host.loader(loader, task) if loader else _detected(host, task, path, options, groups)
    if groups and not is_pattern(groups):
        options = with_group_column(chosen, options, groups)
    parsed = parse(chosen.item.options, options, f"[loader] ({chosen.name})")
    try:
        with attributed(str(chosen)):
            dataset = chosen.item.load(path, parsed)
    except UserError as error:
        # What another loader knows of the data may be why this one stumbles.
        said = [] if loader else reasons(host, path, task)
        if is_elsewhere and path.is_file():
            said.append("Of the address of a file nothing else is read: if it names others, give its folder")
        if not said:
            raise
        raise UserError("\n".join([str(error), *said])) from None
    except (IsADirectoryError, NotADirectoryError) as error:
        is_folder = "a folder" if isinstance(error, IsADirectoryError) else "a file"
        raise UserError(
            f"{error.filename or path} is {is_folder}, and the loader '{chosen.name}' reads something else:"
            f" {chosen.item.summary or 'give what it reads'}"
        ) from None
    check_stop()
    check_dataset(dataset, str(chosen))
    if not any(len(examples) for examples in dataset.splits.values()):
        raise UserError(f"{path} holds no examples (read by the loader '{chosen.name}')")
    if dataset.options is None:
        dataset = replace(dataset, options=parsed)
    elif type(dataset.options) is not type(parsed):
        raise PluginError(
            f"{chosen} gave the options {type(dataset.options).__name__}, not {type(parsed).__name__}"
        )
    problems = [*dataset.problems, *([] if loader else _of_another_task(host, task, path, chosen, dataset))]
    dataset = replace(dataset, problems=[_with_addresses(problem) for problem in problems])
    return grouped(checked(dataset, host.find_task(task)), groups), chosen


def _of_another_task(
    host: Host, task: str, path: Path, chosen: Contributed[DataLoader[Any]], dataset: Dataset
) -> list[str]:
    """A sentence on other tasks, if a loader of what much data looks like found too little to learn from."""
    if not chosen.item.fallback or not any(getattr(said, "of_training", False) for said in dataset.problems):
        return []
    names = " and ".join(f"'{name}'" for name in readable_as(host, path, task))
    return (
        [Problem(f"this can be read as data for {names} too", of_training=True, wrong=False)] if names else []
    )


def _copy(address: str | Path) -> Path:
    from suite.sources.mirrors import mirrored  # which hardly any data needs

    return mirrored(address)


def _with_addresses(problem: str) -> str:
    if not isinstance(problem, Problem):
        return with_addresses(problem)
    return Problem(
        with_addresses(problem.sentence),
        [with_addresses(location) for location in problem.locations],
        wrong=problem.wrong,
        of_training=problem.of_training,
    )


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


def _detected(
    host: Host, task: str, path: Path, options: Mapping[str, Any], groups: str
) -> Contributed[DataLoader[Any]]:
    offered = host.loaders(task) or host.loaders(host.find_task(task).name)
    claims, failed, said = [], [], []
    for loader in offered:
        check_stop()
        try:
            claimed, sentence = detection(loader, path)
            claims += [loader] if claimed else []
            said += [sentence] if sentence and sentence not in said else []
        except UserError:
            continue
        except Exception as error:  # noqa: BLE001 - one loader's defect is not to stop the others
            failed.append(f"\n{loader} failed when it looked at the data: {type(error).__name__}: {error}")
    if len(claims) == 1:
        return claims[0]
    named = {*options, COLUMN_OPTION} if groups and not is_pattern(groups) else set(options)
    meant = [
        loader
        for loader in claims or offered
        if named and named <= set(loader.item.options.__struct_fields__)
    ]
    if len(meant) == 1:
        return meant[0]
    if claims:
        specific = _without_fallbacks(meant or claims)
        if len(specific) == 1:
            return specific[0]
        names = " and ".join(_full_names(specific))
        raise UserError(f"more than one loader recognizes '{path}': {names}. Choose one with --loader")
    broken = "".join(
        f"\nplugin '{plugin.name}' could not be loaded: {plugin.error}" for plugin in host.broken
    )
    broken += "".join(failed)
    if not offered:
        raise UserError(f"no plugin offers a data loader for task '{task}'{broken}")
    if path.is_dir() and not any(path.iterdir()):
        raise UserError(f"{path} is an empty folder")
    raise unrecognized(host, task, path, offered, said, broken)


def _without_fallbacks(claims: list[Contributed[DataLoader[Any]]]) -> list[Contributed[DataLoader[Any]]]:
    """What of these is left when fallbacks leave the data to specific loaders of other plugins."""
    specific = {loader.plugin for loader in claims if not loader.item.fallback}
    return [loader for loader in claims if not (loader.item.fallback and specific - {loader.plugin})]


def _full_names(loaders: list[Contributed[DataLoader[Any]]]) -> list[str]:
    """Bare names, or with the plugin's if two are the same."""
    names = [loader.name for loader in loaders]
    return [loader.full_name if names.count(loader.name) > 1 else loader.name for loader in loaders]
