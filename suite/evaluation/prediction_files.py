"""`predictions.jsonl`: one line per example with its id, target and prediction, by anybody's program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from suite.contributions import Task
from suite.data.dataset import Examples, Target
from suite.documents import NotJsonError, decode_json
from suite.errors import PluginError, SuiteError, UserError, attributed
from suite.evaluation.types import Pairs
from suite.files import atomic_path, full_disk, unwritable
from suite.regular_files import read_regular
from suite.wording import shown

PREDICTIONS_FILE = "predictions.jsonl"


@dataclass(frozen=True, slots=True)
class PredictionLine:
    """A line of a file of predictions.

    Attributes:
        id: the example's id.
        prediction: of the task's prediction type.
        target: what was to be predicted, None where the line does not say.
    """

    id: str
    prediction: Any
    target: Target = None


class AttributedWriter:
    """A writer of a plugin's, whose failures name the plugin.

    Args:
        make: `Task.formats[name]`.
        whose: how a message calls the format: "the format 'coco' of task ...".
        path: where to write.
        facts: the facts of the data that the model was trained on.

    Raises:
        PluginError: if what `make` gives is no writer.
    """

    def __init__(
        self,
        make: Callable[[Path, Mapping[str, Any]], Any],
        whose: str,
        path: Path,
        facts: Mapping[str, Any],
    ) -> None:
        self._whose = whose
        self._path = path
        with self._attributed():
            self._writer = make(path, facts)
        if not all(callable(getattr(self._writer, name, None)) for name in ("add", "close")):
            raise PluginError(
                f"{whose} gave {type(self._writer).__name__}, which lacks add(raw, name, prediction) or"
                " close()"
            )

    def add(self, raw: Any, name: str, prediction: Any) -> None:
        """See `PredictionWriter.add`."""
        with self._attributed():
            self._writer.add(raw, name, prediction)

    def close(self) -> Sequence[Path]:
        """See `PredictionWriter.close`."""
        with self._attributed():
            written = self._writer.close()
        if isinstance(written, str | Path) or not isinstance(written, Iterable):
            raise PluginError(f"{self._whose} gives {written!r} from close(): give a list of files written")
        return [Path(path) for path in written]

    @contextmanager
    def _attributed(self) -> Iterator[None]:
        """A full disk is no defect of the plugin; every other error of the block names it."""
        try:
            with attributed(self._whose):
                yield
        except SuiteError:
            raise
        except Exception as error:
            full = full_disk(error)
            if full is None:
                raise
            raise unwritable(self._path, full) from error


def write_predictions(path: Path, pairs: Pairs) -> None:
    """Write `{"id": ..., "target": ..., "prediction": ...}` lines, whole or not at all."""
    encoder = msgspec.json.Encoder()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for name, target, prediction in zip(pairs.ids, pairs.targets, pairs.predictions, strict=True):
            file.write(encoder.encode({"id": name, "target": target, "prediction": prediction}) + b"\n")


def read_predictions(path: Path, task: Task) -> list[PredictionLine]:
    """Read predictions that `write_predictions`, or any other program, wrote.

    A line is an object with `id` (or `input`, as `suite predict --json` writes it), `prediction` and, if the
    targets are to be taken from this file, `target`. Where the task's prediction type has one field that it
    needs (a label, say), the bare value of this field will do for `prediction`. Blank lines and further keys
    are passed over.

    Raises:
        UserError: naming file and line, for what is not JSON, lacks a key, is of a wrong type, or has an
            id that was there before; and for a file that is not there, not text or empty.
    """
    kind = task.prediction_class
    lines: list[PredictionLine] = []
    first_seen: dict[str, int] = {}
    for number, text in enumerate(_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        where = f"{path}, line {number}"
        line = _parsed(text, kind, where)
        if line.id in first_seen:
            raise UserError(
                f"{where}: the id '{line.id}' is there twice, first in line {first_seen[line.id]}"
            )
        first_seen[line.id] = number
        lines.append(line)
    if not lines:
        raise UserError(f"{path}: there is no prediction in this file")
    return lines


def paired(
    lines: Sequence[PredictionLine], examples: Examples | None, facts: Mapping[str, Any], where: str
) -> Pairs:
    """Put predictions beside targets.

    Args:
        lines: what `read_predictions` gave.
        examples: the examples whose targets count, matched by id; None takes the targets in `lines`.
        facts: the facts of the data set, for the evaluators.
        where: how messages call the file of predictions.

    Raises:
        UserError: where an id is not that of an example, an example has no prediction, or a target is
            not known.
    """
    if examples is None:
        unknown = [line.id for line in lines if line.target is None]
        if unknown:
            raise UserError(
                f"{where}: {_some(unknown, len(lines))} no target: add the key 'target', or name the data"
                " that has the targets"
            )
        return Pairs(
            [line.target for line in lines], [line.prediction for line in lines], [line.id for line in lines],
            facts=facts,
        )  # fmt: skip
    wanted = {examples[index].id: index for index in range(len(examples))}
    lines = _by_ids(lines, wanted)
    strangers = [line.id for line in lines if line.id not in wanted]
    if strangers:
        raise UserError(
            f"{where}: {len(strangers):,} of {len(lines):,} ids are not in the data, '{strangers[0]}' is the"
            f" first; the ids of the data look like '{next(iter(wanted), '')}'"
        )
    by_id = {line.id: line.prediction for line in lines}
    missing = [name for name in wanted if name not in by_id]
    if missing:
        raise UserError(f"{where}: {_some(missing, len(wanted))} no prediction")
    without_target = [name for name, index in wanted.items() if examples[index].target is None]
    if without_target:
        raise UserError(f"{_some(without_target, len(wanted))} no target in the data: nothing to score with")
    return Pairs(
        targets=[examples[index].target for index in wanted.values()],
        predictions=[by_id[name] for name in wanted],
        ids=list(wanted),
        examples=examples,
        facts=facts,
    )


def of_split(
    lines: Sequence[PredictionLine], examples: Examples, others: Sequence[Examples]
) -> tuple[list[PredictionLine], int]:
    """Predictions without those of the other splits of the data, by their ids, and how many these are."""
    wanted = {examples[index].id: index for index in range(len(examples))}
    strangers = [
        line for line, named in zip(lines, _by_ids(lines, wanted), strict=True) if named.id not in wanted
    ]
    if not strangers or not others:
        return list(lines), 0
    elsewhere = {other[index].id: index for other in others for index in range(len(other))}
    named = _by_ids(strangers, elsewhere)
    left = {line.id for line, other in zip(strangers, named, strict=True) if other.id in elsewhere}
    return [line for line in lines if line.id not in left], len(left)


def _by_ids(lines: Sequence[PredictionLine], wanted: Mapping[str, int]) -> list[PredictionLine]:
    """Predictions by the ids of examples: a path that ends with exactly one of the ids is called so."""
    found = []
    taken = {line.id for line in lines}
    for line in lines:
        name = line.id
        while name not in wanted and "/" in name:
            name = name.partition("/")[2]
        is_known = name in wanted and (name == line.id or name not in taken)
        taken.add(name)
        found.append(replace(line, id=name) if is_known else line)
    return found


def _some(names: Sequence[str], total: int) -> str:
    verb = "has" if len(names) == 1 else "have"
    return f"{len(names):,} of {total:,} examples ('{names[0]}' is the first) {verb}"


def _text(path: Path) -> str:
    try:
        return read_regular(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file of predictions") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start:,})") from None


def _parsed(text: str, kind: Any, where: str) -> PredictionLine:
    try:
        entry = decode_json(text)
    except NotJsonError as error:
        raise UserError(f"{where}: this is not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise UserError(f'{where}: expected an object like {{"id": "...", "prediction": ...}}')
    if isinstance(entry.get("input"), str):
        entry.setdefault("id", entry["input"])
    if "prediction" not in entry and isinstance(entry.get("error"), str):
        raise UserError(f"{where}: there is no prediction for it: {entry['error']}")
    for key in ("id", "prediction"):
        if key not in entry:
            raise UserError(f"{where}: the key '{key}' is missing")
    if not isinstance(entry["id"], str):
        raise UserError(f"{where}: the id {shown(entry['id'])} is not text")
    return PredictionLine(entry["id"], _prediction(entry["prediction"], kind, where), entry.get("target"))


def _prediction(value: Any, kind: Any, where: str) -> Any:
    if kind is None:
        return value
    if not isinstance(value, dict) and issubclass(kind, msgspec.Struct):
        needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
        if len(needed) == 1:
            value = {needed[0]: value}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`$", "`prediction").replace("`", "'")
        raise UserError(f"{where}: {reason[:1].lower()}{reason[1:]}") from None
