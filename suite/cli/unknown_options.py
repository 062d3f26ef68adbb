"""What to type instead of an option that a command does not have."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from suite.errors import nearest
from suite.other_words import key_meant, meant, plain

if TYPE_CHECKING:
    from suite.host import Host
    from suite.pipeline.manifest import Manifest

_OWN_WORDS = {"data", "dataset", "data_dir", "task", "source", "src", "input", "inputs", "images", "i", "run"}
"""What other tools take as options and is a word without a dash here."""

_OTHER_COMMANDS = {"resume": "to go on with a run: suite resume RUN"}

_CLOSE = 0.75


def unknown_option(
    name: str, words: Sequence[str], usage: str, known: Iterable[str], settable: Callable[[], Iterable[str]]
) -> str:
    """The end of a sentence about an option that a command does not have: what to type.

    Args:
        name: as it was typed.
        words: of the command line.
        usage: how the command is used.
        known: the command's options.
        settable: gives the keys that its `--set` takes ("training.optimizer"); slow.
    """
    known = list(known)
    if meant(name, known) is not None:
        return nearest(name, known)
    if plain(name) in _OWN_WORDS:
        return f"give it without an option, as in: {usage}"
    if plain(name) in _OTHER_COMMANDS:
        return _OTHER_COMMANDS[plain(name)]
    keys = list(settable()) if "--set" in known else []
    keys.reverse()  # what every training has comes before what loaders and models have
    same = key_meant(name, keys)
    if same is not None:
        return f"write --set {same}={_value(name, words)}"
    of_last = {key.rpartition(".")[2]: key for key in keys}
    close = difflib.get_close_matches(plain(name), [*map(plain, known), *of_last], n=1, cutoff=_CLOSE)
    if close and close[0] in of_last:
        return f"did you mean --set {of_last[close[0]]}={_value(name, words)}?"
    return nearest(name, known)


def _value(name: str, words: Sequence[str]) -> str:
    """The value that was typed after an option."""
    for index, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name and index + 1 < len(words) and not words[index + 1].startswith("-"):
            return words[index + 1]
    return "..."


def keys_of_task(host: Host, words: Sequence[str]) -> list[str]:
    """The keys that `--set` takes when a model for the task among `words` is trained."""
    from suite.configuration import option_keys

    keys = [*option_keys(), *keys_of_data(host, words)]
    for builder in host.builders(_task_among(host, words)):
        keys += [f"model.{name}" for name in builder.item.options.__struct_fields__]
    for listener in host.listeners():
        keys += [f"log.{listener.name}.{name}" for name in listener.item.options.__struct_fields__]
    return list(dict.fromkeys(keys))


def keys_of_data(host: Host, words: Sequence[str]) -> list[str]:
    """The keys of the options of loaders of the task among `words`."""
    task = _task_among(host, words)
    keys = [
        f"loader.{name}" for loader in host.loaders(task) for name in loader.item.options.__struct_fields__
    ]
    return list(dict.fromkeys(keys))


def keys_of_model(host: Host, words: Sequence[str]) -> list[str]:
    """The keys that `--set` takes when the model among `words` predicts."""
    manifest = _manifest_among(host, words)
    if manifest is None:
        return []
    builder = host.builder(manifest.builder, manifest.task).item
    return list(builder.prediction_options.__struct_fields__)


def keys_of_evaluation(host: Host, words: Sequence[str]) -> list[str]:
    """The keys that `--set` takes when the run among `words` is scored."""
    manifest = _manifest_among(host, words)
    of_data = keys_of_data(host, [manifest.task]) if manifest is not None else []
    return [*(f"prediction.{name}" for name in keys_of_model(host, words)), *of_data]


def _task_among(host: Host, words: Sequence[str]) -> str:
    """The name of a task that is one of `words`; empty, which no task is called, if none is."""
    names = {task.name for task in host.tasks()}
    return next((word for word in words if word.rpartition(":")[2] in names), "")


def _manifest_among(host: Host, words: Sequence[str]) -> Manifest | None:
    """What is known of the model whose folder is one of `words`."""
    from pathlib import Path

    from suite.errors import SuiteError
    from suite.pipeline.manifest import model_folder, read_manifest

    for word in words:
        try:
            manifest = read_manifest(model_folder(Path(word)))
            host.builder(manifest.builder, manifest.task)
        except (SuiteError, OSError):
            continue
        return manifest
    return None
