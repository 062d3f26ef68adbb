"""What a data set must satisfy whoever made it, checked once, when it has been loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from suite.data.columns import ids_at, target_counts
from suite.data.dataset import Dataset, Example, Examples
from suite.data.examples import spans
from suite.errors import PluginError, SuiteError, UserError, attributed

_JSON = (str, int, float, bool, list, tuple, dict, type(None))


def check_dataset(
    dataset: Any, whose: str, refusal: type[SuiteError] = PluginError, facts_whose: str | None = None
) -> None:
    """Refuse a data set that training, scoring or writing would stumble over later.

    Every example is listed, which is cheap; no input is read.

    Args:
        dataset: what a loader gave.
        whose: how a message calls the loader.
        refusal: what is raised: `PluginError`, or `UserError` if the user made the data set.
        facts_whose: how a message calls whoever gave the facts; None for the loader.

    Raises:
        PluginError: with what is wrong with the data set, and what to do.
    """

    def refuse(text: str) -> SuiteError:
        return refusal(f"{whose} gave {text}")

    if not isinstance(dataset, Dataset):
        raise refuse(f"{type(dataset).__name__}, which is not a suite.data.Dataset")
    for name, split in (("train", dataset.train), *list(dataset.splits.items())):
        if not isinstance(split, Examples) or isinstance(split, str | bytes | Mapping):
            raise refuse(
                f"{type(split).__name__} as the {name} split: a split is a sequence of suite.Example"
                f"{' (an empty list if there is nothing to train on)' if name == 'train' else ''}"
            )
    for name in ("groups", "labels", "order"):
        function = getattr(dataset, name)
        if function is not None and not callable(function):
            raise refuse(f"{name} = {function!r}, which is not a function of an example")
    if isinstance(dataset.gap, bool) or not isinstance(dataset.gap, int) or dataset.gap < 0:
        raise refuse(f"gap = {dataset.gap!r}: it is the number of examples to leave out, 0 or more")
    if isinstance(dataset.problems, str) or not all(isinstance(text, str) for text in dataset.problems):
        raise refuse(f"problems = {dataset.problems!r}: give a list of sentences")
    check_json(dataset.facts, "facts", facts_whose or whose, refusal)
    with attributed(whose):
        for name, split in dataset.splits.items():
            _check_split(name, split, refuse)
            _check_functions(dataset, name, split, refuse)


def check_json(
    value: Any, what: str, whose: str, refusal: type[SuiteError] = PluginError, needed: str = ""
) -> None:
    """Refuse what is not a JSON object: a mapping of names to plain values that are finite.

    Args:
        value: what is written to JSON later.
        what: how a message calls it.
        whose: how a message calls whoever gave it.
        refusal: the error that is raised.
        needed: what it is needed for, as the end of a message.
    """
    remedy = f": they are kept as JSON{needed}, so give plain strings, numbers, lists and dictionaries"
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise refusal(
            f"{whose} gave {type(value).__name__} as {what}, not a dictionary with names as keys{remedy}"
        )
    for name, item in value.items():
        reason = not_json(item)
        if reason:
            raise refusal(f"{whose} gave {what} that are not JSON ('{name}' {reason}){remedy}")


def not_json(value: Any) -> str:
    """Why a value is no plain JSON, as the end of a sentence; empty if it is."""
    if not isinstance(value, _JSON) or isinstance(value, np.generic):
        return f"is a {type(value).__name__}"
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return f"cannot be written: {error}"
    # A number that is not finite becomes null, silently.
    if b"null" in encoded and not all(math.isfinite(number) for number in _floats(value)):
        return "holds a number that is not finite"
    return ""


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _floats(item)


def _check_split(name: str, split: Examples, refuse: Callable[[str], SuiteError]) -> None:
    hashes = np.zeros(len(split), np.int64)
    counts = target_counts(split)
    if counts is not None:
        # Columns have one type each, so the first example and the different targets say all but the ids.
        _check_ids(split, hashes)
        if all(not not_json(target) for target, _ in counts):
            for index in range(min(1, len(split))):
                _check_example(name, index, split[index], refuse)
            _refuse_twins(name, split, hashes, refuse)
            return
    for index in range(len(split)):
        example = split[index]
        _check_example(name, index, example, refuse)
        hashes[index] = hash(example.id)
    _refuse_twins(name, split, hashes, refuse)


def _check_ids(split: Examples, hashes: np.ndarray) -> None:
    """Put the hashes of ids into `hashes`, and refuse ids that cannot be written."""
    for span in spans(len(split)):
        ids = ids_at(split, span)
        if not "".join(ids).isascii():
            for example_id in ids:
                _check_text(example_id)
        hashes[span[0] : span[-1] + 1] = np.fromiter(map(hash, ids), np.int64, len(ids))


def _check_example(name: str, index: int, example: Any, refuse: Callable[[str], SuiteError]) -> None:
    if not isinstance(example, Example):
        raise refuse(f"{type(example).__name__} as example {index} of {name}, not a suite.Example")
    if not isinstance(example.id, str) or not example.id:
        raise refuse(
            f"the id {example.id!r} to example {index} of {name}: an id is text that names the example"
        )
    if not example.id.isascii():
        _check_text(example.id)
    if example.input is None:
        raise refuse(f"no input to the example '{example.id}' of {name}")
    reason = not_json(example.target)
    if reason:
        raise refuse(
            f"the example '{example.id}' of {name} a target that is not plain JSON (it {reason}): targets"
            " are written beside predictions, so give strings, numbers, lists or dictionaries of them"
        )


def _check_text(name: str) -> None:
    """Refuse an id that cannot be written (the name of a file, say): predictions are written with it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise UserError(
            f"{shown}: this name is not UTF-8 text, so no prediction could be written: rename it"
        ) from None


def _refuse_twins(
    name: str, split: Examples, hashes: np.ndarray, refuse: Callable[[str], SuiteError]
) -> None:
    """Refuse two examples with one id. Hashes first: a set of a million ids would cost 100 MB."""
    ordered = np.sort(hashes)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    order = np.argsort(hashes, kind="stable")
    equal = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    for position in equal.tolist():
        first, second = (int(index) for index in order[position : position + 2])
        if split[first].id == split[second].id:
            raise refuse(
                f"the id '{split[first].id}' to two examples of {name} ({first} and {second}): an id is"
                " unique within its split, because predictions are matched by it"
            )


def _check_functions(
    dataset: Dataset, name: str, split: Examples, refuse: Callable[[str], SuiteError]
) -> None:
    """Try what splits are made by on the first examples."""
    first = [split[index] for index in range(min(2, len(split)))]
    for example in first:
        if dataset.groups is not None and not isinstance(dataset.groups(example), Hashable):
            raise refuse(f"groups that give {type(dataset.groups(example)).__name__}, which cannot be hashed")
        if dataset.labels is not None:
            labels = dataset.labels(example)
            if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
                raise refuse(f"labels that give {labels!r} for an example of {name}: give a list of names")
    if dataset.order is not None:
        moments: Sequence[Any] = [dataset.order(example) for example in first]
        try:
            sorted(moments)
        except TypeError:
            raise refuse(f"an order whose values cannot be compared: {moments[0]!r}") from None
