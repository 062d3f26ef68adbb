"""Groups of examples that the user names: by a column of a table, or by a pattern of examples' names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from suite.contributions import Contributed, DataLoader
from suite.data.dataset import Dataset, Example, Problem
from suite.errors import UserError
from suite.patterns import BoundedPattern
from suite.wording import counted

COLUMN_OPTION = "group_column"
"""The option of a loader of tables that names the column of the groups."""


def is_pattern(groups: str) -> bool:
    """Whether it is a pattern, which has parentheses, and not the name of a column."""
    return "(" in groups


def with_group_column(
    loader: Contributed[DataLoader[Any]], options: Mapping[str, Any], groups: str
) -> Mapping[str, Any]:
    """The options of a loader that is to give the groups of a column.

    Raises:
        UserError: if the loader reads no columns.
    """
    if COLUMN_OPTION not in loader.item.options.__struct_fields__:
        raise UserError(
            f"the loader '{loader.name}' reads no columns of groups, so '{groups}' says nothing to it: give a"
            " pattern of the examples' names in parentheses, like --set groups='(patient[0-9]+)_'"
        )
    return {**options, COLUMN_OPTION: groups}


def grouped(dataset: Dataset, groups: str) -> Dataset:
    """The data set with the groups that the user asked for, and what is odd about them among its problems.

    Args:
        dataset: as a loader gave it; if groups are a column, it has them.
        groups: the column or the pattern; empty changes nothing.

    Raises:
        UserError: if they are not to be had, or keep nothing together.
    """
    if not groups:
        return dataset
    if is_pattern(groups):
        dataset = grouped_by_pattern(dataset, groups)
    elif dataset.groups is None:
        raise UserError(
            f"groups = {groups!r} is the name of a column, and this data has none: give a pattern of the"
            " examples' names with parentheses around what names the group"
        )
    return with_problems(dataset, groups)


def grouped_by_pattern(dataset: Dataset, pattern: str) -> Dataset:
    """The data set whose groups are what a pattern finds in the examples' names.

    An example whose name does not match is a group of its own, and named among the problems.

    Args:
        dataset: as a loader gave it.
        pattern: a regular expression with a group in parentheses; several make one name together.

    Raises:
        UserError: if it is no regular expression, or matches no name.
    """
    expression = BoundedPattern(pattern, f"groups = {pattern!r}")
    if not expression.groups:
        raise UserError(
            f"groups = {pattern!r} has no group in parentheses: put them around what names the group, like"
            " (patient[0-9]+)_"
        )

    def group_of(example: Example) -> Hashable:
        match = expression.search(example.id)
        return (example.id,) if match is None else "/".join(found or "" for found in match.groups)

    names = [split[index].id for split in dataset.splits.values() for index in range(len(split))]
    unmatched = [name for name in names if not expression.search(name)]
    if len(unmatched) == len(names):
        raise UserError(
            f"groups = {pattern!r} matches none of the examples' names, which are like '{names[0]}'"
        )
    return replace(dataset, groups=group_of, problems=[*dataset.problems, *_alone(unmatched)])


def groups_of(groups: Mapping[str, str]) -> Callable[[Example], Hashable]:
    """What `Dataset.groups` is if a loader knows the groups by the examples' ids.

    Args:
        groups: by id. An example without a group, or with an empty one, is a group of its own.
    """

    def group_of(example: Example) -> Hashable:
        return groups.get(example.id) or (example.id,)

    return group_of


def with_problems(dataset: Dataset, by: str) -> Dataset:
    """The data set with sentences on groups that say nothing, or that lie in two of its own splits.

    Args:
        dataset: with the groups that the user asked for.
        by: the column or the pattern.

    Raises:
        UserError: if all examples are one group, or each is its own.
    """
    group_of = dataset.groups
    assert group_of is not None
    members: dict[str, dict[Hashable, str]] = {}
    for name, split in dataset.splits.items():
        of_split = members.setdefault(name, {})
        for index in range(len(split)):
            example = split[index]
            of_split.setdefault(group_of(example), example.id)
    different = {group for of_split in members.values() for group in of_split}
    total = sum(map(len, dataset.splits.values()))
    if len(different) < 2 or len(different) == total:
        what = "all examples are of one group" if len(different) < 2 else "each example is its own group"
        raise UserError(f"groups = {by!r}: {what}, so they keep nothing together")
    problems = []
    for first, second in combinations(members, 2):
        if shared := [group for group in members[first] if group in members[second]]:
            text = f"{counted(len(shared), 'group is', 'groups are')} in {first} and in {second}"
            locations = [f"{group}: {members[first][group]} = {members[second][group]}" for group in shared]
            problems.append(
                Problem(f"{text}: scores on {second} would be those on groups that were learned", locations)
            )
    return replace(dataset, problems=[*dataset.problems, *problems])


def _alone(names: list[str]) -> list[str]:
    if not names:
        return []
    text = counted(len(names), "example is", "examples are")
    return [Problem(f"{text} of no group, so each is a group of its own", names)]
