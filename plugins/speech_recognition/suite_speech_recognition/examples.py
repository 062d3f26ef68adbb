"""What every loader gives: recordings with transcripts, checked, and in a compact list."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import SPLIT_NAMES, counted, in_threads
from suite.options import Options
from suite.sources import Tree
from suite_speech_recognition.audio.recordings import Recording, describe

BAD_TIMES = "with a bad time range"

MIXED = -1
"""In place of a channel: the mean of all."""

CHANNELS = {"mix": MIXED, "left": 0, "right": 1}
EACH = "each"


class SpokenExamples:
    """Recordings, or sections of them, with a transcript and perhaps a speaker each.

    Args:
        tree: where the recordings are.
        rows: (index in `tree.names`, text, speaker or "", start, end, channel), the times in seconds or NaN,
            the channel counted from 0 or `MIXED`.
    """

    def __init__(self, tree: Tree, rows: Sequence[tuple[int, str, str, float, float, int]]) -> None:
        self._tree = tree
        self._files = np.array([row[0] for row in rows], np.int64)
        self._texts = [row[1] for row in rows]
        names: dict[str, int] = {}
        self._speakers = np.array([names.setdefault(row[2], len(names)) for row in rows], np.int32)
        self._names = list(names)
        times = np.array([row[3:5] for row in rows], np.float64).reshape(-1, 2)
        channels = np.array([row[5] for row in rows], np.int8)
        self._channels = None if (channels == MIXED).all() else channels
        self._times = None if np.isnan(times).all() else times

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int, /) -> Example:
        file = int(self._files[index])
        name, source = self._tree.names[file], self._tree.source(file)
        start = end = None
        if self._times is not None:
            start, end = (None if math.isnan(time) else float(time) for time in self._times[index])
        if start is not None or end is not None:
            name = f"{name} {start or 0:.10g}-{'' if end is None else f'{end:.10g}'}"
        channel = None
        if self._channels is not None and self._channels[index] != MIXED:
            channel = int(self._channels[index])
            name = f"{name} channel {channel + 1}"
        target = {"text": self._texts[index]}
        if speaker := self._names[self._speakers[index]]:
            target["speaker"] = speaker
        return Example(name, Recording(source, start, end, channel), target)

    def speakers(self) -> set[str]:
        """Those that are known; "" stands for all that are not."""
        return set(self._names)

    def unknown_speakers(self) -> int:
        """How many examples have no known speaker."""
        return int(np.sum(self._speakers == self._names.index(""))) if "" in self._names else 0


class Utterances:
    """Collects the examples of all splits, with every check, and what is wrong with those that are left out.

    A loader calls `add` for each recording, or for each section of one, and then `dataset`.

    Args:
        channel: of recordings with several: "left", "right", "mix" or "each".
    """

    def __init__(self, channel: str = "mix") -> None:
        self._channel = channel
        self._rows: dict[str, dict[tuple[int, float | None, float | None, int], tuple[str, str]]] = {}
        self._wrong: dict[str, list[str]] = {}

    def add(
        self,
        split: str,
        where: str,
        file: int,
        text: str,
        speaker: str = "",
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
    ) -> None:
        """Take an example, or note what is wrong with it.

        Args:
            split: "train", "validation" or "test".
            where: the file, and the line, in which it is listed, for messages.
            file: the index of the recording in the tree that `dataset` gets.
            text: what is said; an example without is left out.
            speaker: who speaks, empty if that is not known.
            start: in seconds, if only a section of the recording is meant.
            end: the same.
            channel: counted from 0; None for what the loader was told.
        """
        if split not in SPLIT_NAMES:
            raise ValueError(f"'{split}' is no split: {', '.join(SPLIT_NAMES)} are")
        if not text.strip():
            self.leave_out("with an empty transcript", where)
            return
        if problem := _bad_times(start, end):
            self.leave_out(BAD_TIMES, f"{where}: {problem}")
            return
        row = (text, speaker)
        # As an id has them: two sections of one id are one section.
        end = None if end is None else float(f"{end:.10g}")
        start = (None if end is None else 0.0) if start is None else float(f"{start:.10g}")
        own = CHANNELS.get(self._channel, MIXED) if channel is None else channel
        known = self._rows.setdefault(split, {}).setdefault((file, start, end, own), row)
        if known != row:
            self.leave_out(
                "with another transcript or speaker than an earlier one has for that recording", where
            )
        elif known is not row:
            self.leave_out("equal to an earlier one", where)

    def leave_out(self, problem: str, where: str) -> None:
        """Note an example that is left out.

        Args:
            problem: what is wrong, as in "3 examples <problem>, left out".
            where: as in `add`.
        """
        self._wrong.setdefault(problem, []).append(where)

    def dataset(
        self, path: Path, tree: Tree, problems: Sequence[str] = (), options: Options | None = None
    ) -> Dataset:
        """All that was collected.

        Args:
            path: the data as messages name it.
            tree: where the recordings are.
            problems: sentences on other problems.
            options: the loader's options with what "auto" became.

        Raises:
            UserError: if nothing was collected, or nothing for training.
        """
        left_out = [
            Problem(f"{counted(len(locations), 'example', 'examples')} {problem}, left out", locations)
            for problem, locations in self._wrong.items()
        ]
        if not self._rows:
            listed = f": {'; '.join(left_out)}" if left_out else ""
            raise UserError(f"{path} has no example that can be used{listed}")
        channels = self._channels(tree) if self._channel in ("right", EACH) else {}
        splits = {
            split: SpokenExamples(
                tree,
                [
                    (file, text, speaker, _or_nan(start), _or_nan(end), heard)
                    for (file, start, end, channel), (text, speaker) in self._rows[split].items()
                    for heard in self._heard(channel, channels.get(file, 1))
                ],
            )
            for split in SPLIT_NAMES
            if split in self._rows
        }
        # Data that is there to be scored alone has no training split.
        splits.setdefault("train", SpokenExamples(tree, []))
        return Dataset(
            train=splits["train"],
            validation=splits.get("validation"),
            test=splits.get("test"),
            problems=[*problems, *left_out],
            options=options,
            **_groups(splits),
        )

    def _heard(self, channel: int, count: int) -> Sequence[int]:
        """The channels of which examples are made."""
        if self._channel == EACH and channel == MIXED:
            return range(count) if count > 1 else [MIXED]
        # A recording with one channel has no left and right: all of it is heard.
        return [MIXED] if self._channel == "right" and count == 1 else [channel]

    def _channels(self, tree: Tree) -> dict[int, int]:
        """How many channels each recording has, by its header; one if it cannot be read."""
        files = list({file for rows in self._rows.values() for file, *_ in rows})

        def count(file: int) -> int:
            try:
                return describe(tree.source(file)).channels
            except UserError:
                return 1

        several = in_threads(lambda places: [count(files[place]) for place in places], len(files), 16)
        return dict(zip(files, chain.from_iterable(several), strict=True))


def speaker_or_itself(example: Example) -> Hashable:
    """The group of an example: its speaker, or it alone if that is not known."""
    return example.target.get("speaker") or (example.id,)


def nothing(example: Example) -> Sequence[str]:
    """No labels: if speakers stay together, texts cannot be spread evenly as well."""
    del example
    return ()


def _groups(splits: Mapping[str, SpokenExamples]) -> dict[str, Any]:
    """How splits that are made keep a speaker on one side, if that is possible and meant.

    It is not meant if the data has a split of its own most of whose speakers are in train too: it asks how
    well known speakers are understood.
    """
    train = splits["train"]
    speakers = train.speakers() - {""}
    groups = len(speakers) + train.unknown_speakers()
    # Of train, and of the splits that are made: one group each at least.
    needed = 1 + ("validation" not in splits) + ("validation" not in splits and "test" not in splits)
    if len(speakers) < 2 or groups < needed:
        return {}
    for name, examples in splits.items():
        own = examples.speakers() - {""}
        if name != "train" and own and len(own & speakers) > len(own) / 2:
            return {}
    return {"groups": speaker_or_itself, "labels": nothing}


def _bad_times(start: float | None, end: float | None) -> str:
    """What is wrong with a time range; empty if nothing is."""
    for name, time in (("start", start), ("end", end)):
        if time is not None and not (math.isfinite(time) and time >= 0):
            return f"{name} {time:.10g} is no time in seconds"
    if end is not None and end <= (start or 0):
        return f"it ends at {end:.10g} s, but begins at {start or 0:.10g} s"
    return ""


def _or_nan(seconds: float | None) -> float:
    return math.nan if seconds is None else seconds
