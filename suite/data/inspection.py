"""What data holds, and what is wrong with it: what the host sees, and what the task's plugin adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from suite.contributions import Contributed, Task
from suite.data.dataset import Dataset, Example
from suite.data.duplicates import same_content
from suite.data.findings import Finding, Inspection
from suite.data.loading import load_dataset
from suite.data.splits import AUTO_MAX, AUTO_SHARE
from suite.errors import PluginError, attributed
from suite.figures import Table
from suite.host import Host
from suite.shown_addresses import with_addresses
from suite.stopping import check_stop
from suite.wording import shortened

MAX_GROUPS = 15
"""Groups that are listed."""

Progress = Callable[[int, int], None]
"""Called now and then with the number of examples that are done, and of all."""


def inspect(
    host: Host,
    task: str,
    path: str | Path,
    loader: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    groups: str = "",
) -> Inspection:
    """Load the data at `path` and look at all of it. Every example is read.

    Args:
        host: where the task and the loader are looked up.
        task: the task's name.
        path: the data.
        loader: a loader's name, or None for the one that recognizes the data.
        options: the loader's.
        progress: see `Progress`.
        groups: a column, or a pattern of examples' names, as `split.groups` of a run.

    Raises:
        UserError: if the data cannot be loaded at all.
    """
    dataset, found = load_dataset(host, task, path, loader, options, groups)
    return inspect_dataset(host.find_task(task), dataset, found.name, progress, groups)


def inspect_dataset(
    inspected: Contributed[Task],
    dataset: Dataset,
    loader: str,
    progress: Progress | None = None,
    groups: str = "",
) -> Inspection:
    """Look at all of a data set that is loaded.

    Args:
        inspected: the task.
        dataset: as a loader gave it.
        loader: the loader's name.
        progress: see `Progress`.
        groups: that the user asked for: they are counted.
    """
    own = _inspect_splits(dataset)
    added = Inspection()
    if inspected.item.inspect is not None:
        with attributed(f"inspect of {inspected}"):
            added = inspected.item.inspect(dataset, _asking(progress))
        if not isinstance(added, Inspection):
            raise PluginError(f"inspect of {inspected} gave {type(added).__name__}, no Inspection")
    return replace(
        own,
        numbers={"loader": loader, **own.numbers, **added.numbers},
        tables=[*own.tables, *_groups_table(dataset, groups), *added.tables],
        findings=[_with_addresses(finding) for finding in (*own.findings, *added.findings)],
    )


def _with_addresses(finding: Finding) -> Finding:
    return replace(
        finding,
        text=with_addresses(finding.text),
        locations=[with_addresses(location) for location in finding.locations],
    )


def _asking(progress: Progress | None) -> Progress:
    """The same, which also asks whether to stop."""

    def report(done: int, total: int) -> None:
        check_stop()
        if progress is not None:
            progress(done, total)

    return report


def _inspect_splits(dataset: Dataset) -> Inspection:
    counts = {name: len(split) for name, split in dataset.splits.items()}
    total = sum(counts.values())
    rows: list[list[str | int]] = [
        [name, count, f"{100 * count / total:.1f} %"] for name, count in counts.items()
    ]
    findings = [
        Finding(
            text=getattr(problem, "sentence", str(problem)),
            wrong=getattr(problem, "wrong", True),
            locations=getattr(problem, "locations", ()),
        )
        for problem in dataset.problems
    ]
    taken = {
        split: f"there is no {split} split: training takes {100 * AUTO_SHARE:.0f} % of train for it,"
        f" {most:,} at most"
        for split, most in AUTO_MAX.items()
    }
    if not counts["train"]:
        if not any(getattr(problem, "of_training", False) for problem in dataset.problems):
            only = " and ".join(name for name, count in counts.items() if count)
            findings.append(
                Finding(
                    text=f"there is no training split, only {only}: a model can be scored on this data (suite"
                    " evaluate RUN DATA), and none trained",
                    wrong=False,
                )
            )
    elif dataset.validation is None:
        findings.append(Finding(text=taken["validation"], wrong=False))
        if dataset.test is None:
            findings.append(Finding(text=taken["test"], wrong=False))
    elif dataset.test is None:
        findings.append(
            Finding(
                text="there is no test split: scores will be on validation, by which weights are chosen, and"
                " so optimistic",
                wrong=False,
            )
        )
    return Inspection(
        numbers={"examples": total},
        tables=[Table(title="Splits", columns=["split", "examples", "share"], rows=rows)],
        findings=[*findings, *_duplicates(dataset)],
    )


def _groups_table(dataset: Dataset, groups: str) -> list[Table]:
    """How many examples of each split are in each group, the largest groups first."""
    if not groups or dataset.groups is None:
        return []
    counts: dict[Hashable, Counter[str]] = {}
    for name, split in dataset.splits.items():
        for index in range(len(split)):
            counts.setdefault(dataset.groups(split[index]), Counter())[name] += 1
    largest = sorted(counts, key=lambda group: (-counts[group].total(), str(group)))[:MAX_GROUPS]
    rows: list[list[str | int]] = [
        [group if isinstance(group, str) else "(alone)", *(counts[group][name] for name in dataset.splits)]
        for group in largest
    ]
    shown = (
        f"the {len(rows)} largest of {len(counts):,}" if len(rows) < len(counts) else f"{len(rows)} in all"
    )
    return [Table(title=f"Groups by {groups}", columns=["group", *dataset.splits], rows=rows, caption=shown)]


def _duplicates(dataset: Dataset) -> list[Finding]:
    splits = list(dataset.splits.values())
    names = list(dataset.splits)
    starts = np.cumsum([0, *map(len, splits)])
    same = same_content(*splits)

    def location(position: int) -> tuple[str, Example]:
        number = int(np.searchsorted(starts, position, side="right")) - 1
        return names[number], splits[number][position - int(starts[number])]

    copies: dict[str, list[str]] = {name: [] for name in names}
    leaks: dict[tuple[str, str], list[str]] = {pair: [] for pair in combinations(names, 2)}
    contradictions: list[str] = []
    for positions in _groups(same):
        members = [location(position) for position in positions]
        for name in names:
            own = [example.id for split, example in members if split == name]
            copies[name].extend(f"{other} = {own[0]}" for other in own[1:])
        for (first, second), locations in leaks.items():
            known = [example.id for split, example in members if split == first]
            if known:
                locations.extend(
                    f"{example.id} = {known[0]}" for split, example in members if split == second
                )
        targets = [example.target for _, example in members]
        if any(target != targets[0] for target in targets):
            contradictions.append(
                " = ".join(f"{example.id} ({shortened(str(example.target), 60)})" for _, example in members)
            )

    findings = [
        Finding(
            text=f"{_examples(len(locations))} of {second} with the content of one of {first}: scores on"
            f" {second} would be too good",
            locations=locations,
        )
        for (first, second), locations in leaks.items()
        if locations
    ]
    if contradictions:
        sets = "1 set" if len(contradictions) == 1 else f"{len(contradictions):,} sets"
        text = f"{sets} of equal examples with different targets"
        findings.append(Finding(text=text, locations=contradictions))
    findings.extend(
        Finding(
            text=f"{_examples(len(locations))} of {name} with the content of another one",
            wrong=False,
            locations=locations,
        )
        for name, locations in copies.items()
        if locations
    )
    return findings


def _groups(same: np.ndarray) -> Iterator[list[int]]:
    """The positions of equal examples, for each content that more than one has."""
    order = np.argsort(same, kind="stable")
    cuts = np.flatnonzero(np.diff(same[order])) + 1
    for group in np.split(order, cuts) if np.any(same != np.arange(len(same))) else []:
        if len(group) > 1:
            yield group.tolist()


def _examples(count: int) -> str:
    return "1 example" if count == 1 else f"{count:,} examples"
