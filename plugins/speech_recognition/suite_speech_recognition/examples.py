"""What every loader gives: a compact list of recordings with transcripts, checked and put together."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import counted
from suite.sources import Tree
from suite_speech_recognition.recordings import Recording

PART_NAMES = ("train", "validation", "test")


class SpokenExamples:
    """Recordings, or parts of them, with a transcript and perhaps a speaker each.

    Args:
        tree: where the recordings are.
        rows: (place in `tree.names`, text, speaker or "", start, end), the times in seconds or NaN.
    """

    def __init__(self, tree: Tree, rows: Sequence[tuple[int, str, str, float, float]]) -> None:
        self._tree = tree
        self._places = np.array([row[0] for row in rows], np.int64)
        self._texts = [row[1] for row in rows]
        names: dict[str, int] = {}
        self._speakers = np.array([names.setdefault(row[2], len(names)) for row in rows], np.int32)
        self._names = list(names)
        times = np.array([row[3:] for row in rows], np.float64).reshape(-1, 2)
        self._times = None if np.isnan(times).all() else times

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int, /) -> Example:
        place = int(self._places[index])
        name, source = self._tree.names[place], self._tree.source(place)
        start = end = None
        if self._times is not None:
            start, end = (None if math.isnan(time) else float(time) for time in self._times[index])
        if start is not None or end is not None:
            name = f"{name} {start or 0:.10g}-{'' if end is None else f'{end:.10g}'}"
        target = {"text": self._texts[index]}
        if speaker := self._names[self._speakers[index]]:
            target["speaker"] = speaker
        return Example(name, Recording(source, start, end), target)

    def speakers(self) -> set[str]:
        """Those that are known; "" stands for all that are not."""
        return set(self._names)

    def unknown_speakers(self) -> int:
        """How many examples have no known speaker."""
        return int(np.sum(self._speakers == self._names.index(""))) if "" in self._names else 0


class Rows:
    """Collects the examples of all parts, and what is wrong with those that are left out."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[int, float | None, float | None], tuple[str, str]]] = {}
        self._wrong: dict[str, list[str]] = {}

    def add(
        self,
        part: str,
        where: str,
        place: int,
        text: str,
        speaker: str = "",
        start: float | None = None,
        end: float | None = None,
    ) -> None:
        """Take an example, or note what is wrong with it.

        Args:
            part: to which it belongs.
            where: the file, and the line, of which it is known.
            place: of the recording in its tree.
            text: what is said.
            speaker: empty where that is not known.
            start: in seconds, where only a part of the recording is meant.
            end: the same.
        """
        if not text.strip():
            self.leave_out("with an empty transcript", where)
            return
        row = (text, speaker)
        known = self._rows.setdefault(part, {}).setdefault((place, start, end), row)
        if known != row:
            self.leave_out(
                "with another transcript or speaker than an earlier one has for that recording", where
            )
        elif known is not row:
            self.leave_out("equal to an earlier one", where)

    def leave_out(self, what: str, where: str) -> None:
        """Note an example that is left out.

        Args:
            what: is wrong, as in "3 examples <what> are left out".
            where: as in `add`.
        """
        self._wrong.setdefault(what, []).append(where)

    def dataset(self, path: Path, tree: Tree, problems: Sequence[str] = ()) -> Dataset:
        """All that was collected.

        Args:
            path: how a message calls the data.
            tree: where the recordings are.
            problems: sentences on other things.

        Raises:
            UserError: where nothing was collected, or nothing for training.
        """
        found = [
            Problem(f"{counted(len(places), 'example', 'examples')} {what}, left out", places)
            for what, places in self._wrong.items()
        ]
        if not self._rows:
            listed = f": {'; '.join(found)}" if found else ""
            raise UserError(f"{path} has no example that can be used{listed}")
        parts = {
            part: SpokenExamples(
                tree,
                [
                    (place, text, speaker, _or_nan(start), _or_nan(end))
                    for (place, start, end), (text, speaker) in self._rows[part].items()
                ],
            )
            for part in PART_NAMES
            if part in self._rows
        }
        if "train" not in parts:
            raise UserError(
                f"{path} has no training part, only {' and '.join(parts)}: give the path of one of them, to"
                f" use it alone{'. ' + '; '.join(found) if found else ''}"
            )
        return Dataset(
            train=parts["train"],
            validation=parts.get("validation"),
            test=parts.get("test"),
            problems=[*problems, *found],
            **_groups(parts),
        )


def speaker_or_itself(example: Example) -> Hashable:
    """The group of an example: its speaker, or it alone where that is not known."""
    return example.target.get("speaker") or (example.id,)


def nothing(example: Example) -> Sequence[str]:
    """No labels: where speakers stay together, texts cannot be spread evenly as well."""
    del example
    return ()


def _groups(parts: Mapping[str, SpokenExamples]) -> dict[str, Any]:
    """How parts that are to be made keep a speaker on one side, where that is possible and meant.

    It is not meant where the data has a part of its own that most of whose speakers are in train too: it asks
    how well known speakers are understood.
    """
    train = parts["train"]
    speakers = train.speakers() - {""}
    units = len(speakers) + train.unknown_speakers()
    # Of train, and of the parts that are made: one unit each at least.
    needed = 1 + ("validation" not in parts) + ("validation" not in parts and "test" not in parts)
    if len(speakers) < 2 or units < needed:
        return {}
    for name, part in parts.items():
        others = part.speakers() - {""}
        if name != "train" and others and len(others & speakers) > len(others) / 2:
            return {}
    return {"groups": speaker_or_itself, "labels": nothing}


def _or_nan(seconds: float | None) -> float:
    return math.nan if seconds is None else seconds
