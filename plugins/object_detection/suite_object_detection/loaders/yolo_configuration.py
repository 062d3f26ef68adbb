"""YOLO's `data.yaml`, or Darknet's `obj.data`: where the splits are, and what the classes are called.

As Ultralytics documents it (https://docs.ultralytics.com/datasets/detect/): `path` is the folder around all,
`train`, `val` and `test` are each a folder, a text file that lists images, or a list of such, `names` is a
list or maps numbers to names. Darknet's file has lines `train = data/train.txt`, relative to where Darknet
was started, and `names` is a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from suite import UserError
from suite.kit import SPLIT_WORDS, some
from suite.sources import Source

SUFFIXES = (".yaml", ".yml", ".data")
_DARKNET = {"train": "train", "valid": "val", "test": "test", "classes": "nc"}
"""What a line of Darknet's file may say, and what a `data.yaml` calls it."""


@dataclass(frozen=True)
class Configuration:
    """What a `data.yaml` says.

    Attributes:
        name: of the file, for messages.
        root: `path`, or empty.
        splits: what it says of each split: folders, or text files of paths.
        names: of the classes by their numbers; empty if it says none.
        keypoints: whether labels have keypoints behind each box.
        relative: whether its paths are relative to the file, not to wherever a program was started.
    """

    name: str
    root: str
    splits: Mapping[str, list[str]]
    names: Mapping[int, str]
    keypoints: bool = False
    relative: bool = True


def is_configuration(source: Source) -> bool:
    """Whether a file has classes and a split."""
    try:
        return _is_data(_content(source))
    except UserError:
        return False


def read_configuration(source: Source) -> Configuration:
    """Read a `data.yaml` or an `obj.data`.

    Raises:
        UserError: if it is no YAML, has no splits, or its names are not what they should be.
    """
    content = _content(source)
    darknet = source.name.lower().endswith(".data")
    if not _is_data(content):
        raise UserError(
            f"{source.name} describes no data: it has no names of classes, or no train, val or test"
        )
    names = _names(content, source.name)
    count = content.get("nc")
    if isinstance(count, str) and count.isdecimal():
        count = count[:9]  # more are no number of classes
        if not names and not darknet:  # whose names are in a file
            names = {number: str(number) for number in range(min(int(count), 100_000))}
        elif names and int(count) != len(names):
            raise UserError(f"{source.name} says nc: {count}, but names {len(names)} classes: put that right")
    root = content.get("path")
    return Configuration(
        name=source.name,
        root=root if isinstance(root, str) else "",
        splits=_splits(content, source.name),
        names=names,
        keypoints="kpt_shape" in content,
        relative=not darknet,
    )


def _content(source: Source) -> Any:
    if not source.name.lower().endswith(".data"):
        return parsed_yaml(source.read(), source.name)
    try:
        lines = source.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{source.name} is no file of Darknet: it is not UTF-8") from None
    pairs = (line.partition("#")[0].partition("=") for line in lines)
    said = {key.strip(): value.strip() for key, _, value in pairs}
    return {ours: said[theirs] for theirs, ours in _DARKNET.items() if said.get(theirs)}


def parsed_yaml(content: bytes, name: str) -> Any:
    """A file's content as texts, lists and mappings: a class may be called no, on, or 007.

    Raises:
        UserError: if it is no YAML, with the line.
    """
    try:
        text = content.decode("utf-8-sig")
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (it makes nothing but texts of texts)
    except UnicodeDecodeError:
        raise UserError(f"{name} is no YAML: it is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{name}{line} is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{name} is not YAML: {reason}") from None


def _is_data(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and bool({"names", "nc"} & content.keys())
        and any(SPLIT_WORDS.get(key) and value for key, value in content.items() if isinstance(key, str))
    )


def _splits(content: Mapping[Any, Any], name: str) -> dict[str, list[str]]:
    splits: dict[str, list[str]] = {}
    for key, value in content.items():
        split = SPLIT_WORDS.get(key) if isinstance(key, str) else None
        if not split or not value or value in ("null", "~"):
            continue
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, str) and entry and "\0" not in entry for entry in entries):
            raise UserError(f"{name}: {key} is no folder, no file, and no list of such")
        if split in splits:
            raise UserError(f"{name} says twice what the {split} split is, the second time by '{key}'")
        splits[split] = entries
    return splits


def _names(content: Mapping[Any, Any], name: str) -> dict[int, str]:
    value = content.get("names") or []
    if isinstance(value, str) and value in ("null", "~"):
        return {}
    pairs = list(enumerate(value)) if isinstance(value, list) else []
    if isinstance(value, dict):
        keys = [key for key in value if not (isinstance(key, str) and key.isdecimal() and len(key) < 9)]
        if keys:
            raise UserError(
                f"{name}: names has {some([str(key) for key in keys])}, which are no numbers of classes"
            )
        pairs = sorted((int(key), text) for key, text in value.items())
    if not all(isinstance(text, str) and text.strip() for _, text in pairs) or isinstance(value, str):
        raise UserError(f"{name}: names is no list of names, nor a name for each number")
    return dict(pairs)
