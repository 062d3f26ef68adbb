"""Checks of a data loader: that it reads its format, and answers what it cannot read in a sentence."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from suite.contributions import Contributed, DataLoader, Task
from suite.data.dataset import Dataset
from suite.data.loading import load_dataset
from suite.errors import PluginError, SuiteError, UserError
from suite.host import Host
from suite.plugin_frames import raised
from suite.testing.check import READ, Check, NotCheckedError
from suite.testing.contribution_checks import check_loader
from suite.testing.damages import damages

Loader = Contributed[DataLoader[Any]]

_REMEDY = ": raise suite.UserError with the path, what is wrong and what to do"
_TOLERANCE = 0.02


def loader_checks(host: Host, loader: Loader, task: Contributed[Task] | None) -> Iterator[Check]:
    """The checks of a data loader."""

    def check(name: str, function: Any) -> Check:
        def make() -> None:
            with tempfile.TemporaryDirectory() as folder:
                function(host, loader, task, Path(folder))

        return Check(
            name=name,
            about=str(loader),
            plugin=loader.plugin,
            task=loader.task,
            contribution=loader.name,
            cost=READ,
            make=make,
        )

    yield check("loader-answers-nothing", _check_nothing)
    yield check("loader-reads-its-format", _check_format)
    yield check("loader-answers-damage", _check_damage)


def _check_nothing(host: Host, loader: Loader, task: Contributed[Task] | None, folder: Path) -> None:
    """Paths where nothing is, an empty folder, an empty file of a name that says nothing."""
    empty, file = folder / "empty", folder / "file-without-an-ending"
    empty.mkdir()
    file.touch()
    for what, path in (
        ("a path where nothing is", folder / "nowhere"),
        ("an empty folder", empty),
        ("an empty file", file),
    ):
        try:
            detected: Any = loader.item.detect(path)
        except UserError:  # the host takes it for a no
            continue
        except Exception as error:
            raise PluginError(
                f"detect() of {loader} {raised(error)} for {what}: it returns False for what is not of its"
                " format"
            ) from error
        if not isinstance(detected, bool | str):
            raise PluginError(
                f"detect() of {loader} gives {detected!r} for {what}: it returns True, False, or a sentence"
            )
        if detected is True and not path.is_dir():
            raise PluginError(f"detect() of {loader} says that it recognizes {what}: look at what is there")
        if path.exists():
            _loaded_or_refused(host, loader, path, what)


def _loaded_or_refused(host: Host, loader: Loader, path: Path, what: str) -> None:
    """As the host loads it, which knows some answers itself; either data, or `UserError` with a sentence."""
    try:
        load_dataset(host, loader.task, path, loader.full_name)
    except UserError as error:
        if len(str(error).split()) < 2:
            raise PluginError(
                f"load() of {loader} says no more than {str(error)!r} of {what}{_REMEDY}"
            ) from None
    except SuiteError:
        raise
    except Exception as error:
        raise PluginError(f"load() of {loader} {raised(error)} for {what}{_REMEDY}") from error


def written(loader: Loader, task: Contributed[Task] | None, folder: Path) -> tuple[Dataset, Path]:
    """The task's sample and where it was written in the loader's format.

    Raises:
        NotCheckedError: if nothing writes it.
        PluginError: if what writes it does not.
    """
    write = loader.item.write_sample
    if write is None:
        raise NotCheckedError(
            f"nothing writes the format of {loader}: give DataLoader(write_sample=...), which writes the"
            " task's sample into a folder"
        )
    if task is None:
        raise NotCheckedError(f"there is no task '{loader.task}' here, whose sample could be written")
    dataset = task.item.sample()
    target = folder / "sample"
    target.mkdir()
    path = write(dataset, target)
    if not isinstance(path, Path) or not path.exists():
        raise PluginError(f"write_sample() of {loader} gives {path!r}: it returns the path that load() reads")
    return dataset, path


def _check_format(host: Host, loader: Loader, task: Contributed[Task] | None, folder: Path) -> None:
    dataset, path = written(loader, task, folder)
    try:
        loaded = check_loader(loader.item, path, task=None if task is None else task.item)
    except UserError as error:
        raise PluginError(f"{loader} does not read its own format: {error}") from error
    expected, given = _count(dataset), _count(loaded)
    if expected != given:
        said = f"; it says: {loaded.problems[0]}" if loaded.problems else ""
        raise PluginError(
            f"{loader} reads {given} examples of the {expected} that its write_sample() wrote: it loses or"
            f" adds some{said}"
        )
    missing = _missing([*_targets(dataset)], [*_targets(loaded)])
    if missing is not None:
        raise PluginError(
            f"{loader} reads no example with the target {str(missing)[:200]}, which its write_sample() wrote:"
            " compare the columns and the order that load() reads with those of the file"
        )


def _count(dataset: Dataset) -> int:
    return sum(len(split) for split in dataset.splits.values())


def _targets(dataset: Dataset) -> Iterator[Any]:
    for split in dataset.splits.values():
        for index in range(len(split)):
            yield split[index].target


def _missing(expected: list[Any], given: list[Any]) -> Any:
    """A target that is not among those that were read; None if all are there."""
    if all(isinstance(target, str) for target in expected + given):
        left = Counter(expected) - Counter(given)
        return next(iter(left), None)
    given = list(given)
    for target in expected:
        found = next((index for index, other in enumerate(given) if _alike(target, other)), None)
        if found is None:
            return target
        given.pop(found)
    return None


def _alike(target: Any, other: Any) -> bool:
    """Whether two targets are the same, but for the last digits of numbers and keys that one lacks."""
    if isinstance(target, bool) or isinstance(other, bool):
        return bool(target == other)
    if isinstance(target, int | float) and isinstance(other, int | float):
        return math.isclose(target, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    if isinstance(target, Mapping) and isinstance(other, Mapping):
        return all(_alike(target[key], other[key]) for key in target.keys() & other.keys())
    if isinstance(target, list | tuple) and isinstance(other, list | tuple):
        return len(target) == len(other) and all(map(_alike, target, other))
    return bool(target == other)


def _check_damage(host: Host, loader: Loader, task: Contributed[Task] | None, folder: Path) -> None:
    _, path = written(loader, task, folder)
    sample = folder / "sample"
    copies: dict[str, dict[Path, bytes]] = {}
    for file in sorted(sample.rglob("*")):
        if file.is_file():
            for what, content in damages(file.read_bytes()):
                copies.setdefault(what, {})[file.relative_to(sample)] = content
    for number, (what, contents) in enumerate(copies.items()):
        copy = folder / f"damaged-{number}"
        shutil.copytree(sample, copy)
        for file, content in contents.items():
            (copy / file).write_bytes(content)
        _loaded_or_refused(host, loader, copy / path.relative_to(sample), what)
        shutil.rmtree(copy)
