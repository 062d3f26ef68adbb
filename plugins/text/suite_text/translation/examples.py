"""What all loaders of translations give: clean pairs of texts, checked and put together."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Example
from suite.kit import SPLIT_NAMES
from suite_text.reading.cleaning import as_fact, clean, cleaning_from
from suite_text.reading.input_files import InputFiles, files_fact
from suite_text.reading.options import ReadingOptions
from suite_text.reading.problems import Problems
from suite_text.translation.filters import in_wrong_script, is_copy, odd_lengths, scripts_of_sides
from suite_text.translation.options import FilterOptions

References = str | list[str]


class PairExamples:
    """Texts with their translations, each from a line of a file: compact, since there may be millions.

    Args:
        name: of the file, for the ids of examples.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines = array("q")
        self._sources: list[str] = []
        self._targets: list[References] = []

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int, /) -> Example:
        return Example(self.id(index), self._sources[index], self._targets[index])

    def id(self, index: int) -> str:
        """The file and the line."""
        line, translation = divmod(self._lines[index], 1000)
        return f"{self._name}:{line}" + (f"/{translation + 1}" if translation else "")

    def source(self, index: int) -> str:
        """The text to be translated."""
        return self._sources[index]

    def pair(self, index: int) -> tuple[str, str]:
        """The text and its translations, in a form that can be compared."""
        return self._sources[index], str(self._targets[index])

    def first_pair(self, index: int) -> tuple[str, str]:
        """The text and its first translation."""
        target = self._targets[index]
        return self._sources[index], target if isinstance(target, str) else target[0]

    def add(self, line: int, source: str, target: References, translation: int = 0) -> None:
        """Take a pair.

        Args:
            line: of the file.
            source: the text.
            target: its translation, or several.
            translation: its number, if each of several is a pair of its own.
        """
        self._lines.append(line * 1000 + min(translation, 999))
        self._sources.append(source)
        self._targets.append(target)

    def kept(self, indices: list[int]) -> PairExamples:
        """Only these examples."""
        chosen = PairExamples(self._name)
        chosen._lines.extend(self._lines[index] for index in indices)
        chosen._sources = [self._sources[index] for index in indices]
        chosen._targets = [self._targets[index] for index in indices]
        return chosen


class Collector:
    """Collects the pairs of all splits.

    Args:
        path: how messages call the data.
        options: how texts are cleaned.
        source: the name of the language to translate from.
        target: the name of the language to translate to.
        problems: what was left out or odd.
    """

    def __init__(
        self, path: Path, options: ReadingOptions, source: str, target: str, problems: Problems
    ) -> None:
        self.problems = problems
        self._path = path
        self._options = options
        self._cleaning = cleaning_from(options)
        self._languages = {"source": source, "target": target}
        self._splits: dict[str, PairExamples] = {}
        self._files = InputFiles(encoding=options.encoding)

    def are_files(self, files: InputFiles) -> None:
        """Say how the files of the training split hold their texts."""
        self._files = files

    def add(self, split: str | None, name: str, line: int, source: str, target: References) -> None:
        """Take a pair, or note what is wrong with it.

        Each of several translations of a training text becomes a pair.

        Args:
            split: of the pair; None if the data names an unknown one.
            name: of the file.
            line: in it.
            source: the text, not cleaned yet.
            target: its translation, or several.
        """
        source = clean(source, self._cleaning)
        written = [target] if isinstance(target, str) else target
        translations = [cleaned for text in written if (cleaned := clean(text, self._cleaning)).strip()]
        if split is None:
            self._leave_out("of neither train, validation nor test", f"{name}, line {line}")
            return
        if not source.strip() or not translations:
            side = "target" if source.strip() else "source" if translations else "source and target"
            self._leave_out(f"with an empty {side}", f"{name}, line {line}")
            return
        examples = self._splits.setdefault(split, PairExamples(name))
        if len(translations) == 1 or split != "train":
            examples.add(line, source, translations[0] if len(translations) == 1 else translations)
        else:
            for number, translation in enumerate(translations):
                examples.add(line, source, translation, number)

    def _leave_out(self, kind: str, location: str) -> None:
        self.problems.add(f"pair {kind} is left out", f"pairs {kind} are left out", location)

    def dataset(self) -> Dataset:
        """All that was collected. Raises `UserError` if there is nothing to learn from."""
        if not self._splits:
            noted = "".join(f". {sentence}" for sentence in self.problems.sentences()[:3])
            raise UserError(f"{self._path} has no pair that can be used{noted}")
        self._leave_out_duplicates()
        self._leave_out_odd_pairs()
        splits = {name: self._splits[name] for name in SPLIT_NAMES if name in self._splits}
        return Dataset(
            **{"train": [], **splits},  # type: ignore[arg-type]
            facts={
                **self._languages,
                "cleaning": as_fact(self._cleaning),
                **files_fact(self._files),
            },
            problems=self.problems.sentences(),
        )

    def _leave_out_odd_pairs(self) -> None:
        """Leave out training pairs that look like no translation, if the options say so."""
        options, train = self._options, self._splits.get("train")
        if train is None or not isinstance(options, FilterOptions):
            return
        pairs = [train.first_pair(index) for index in range(len(train))]
        odd: dict[str, np.ndarray] = {}
        if options.max_ratio:
            name = f"with a side more than {options.max_ratio:g} times as long as usual"
            odd[name] = odd_lengths(pairs, options.max_ratio)
        if options.copies == "removed":
            odd["whose text is its own translation"] = np.array([is_copy(*pair) for pair in pairs], bool)
        if options.wrong_script == "removed":
            sides = (Counter(character for pair in pairs for character in pair[side]) for side in (0, 1))
            if scripts := scripts_of_sides(*sides):
                wrong = [in_wrong_script(*pair, scripts) for pair in pairs]
                odd["with a side in the script of the other"] = np.array(wrong, bool)
        left_out = np.zeros(len(pairs), bool)
        for kind, which in odd.items():
            for index in np.flatnonzero(which & ~left_out).tolist():
                self._leave_out(kind, train.id(index))
            left_out |= which
        if left_out.any() and left_out.all():
            raise UserError(
                f"{self._path}: every training pair looks like no translation, by the options given"
            )
        if left_out.any():
            self._splits["train"] = train.kept(np.flatnonzero(~left_out).tolist())

    def _leave_out_duplicates(self) -> None:
        """Leave training pairs out whose source is in other splits too, and copies if the options say so."""
        if self._options.duplicates == "kept" or "train" not in self._splits:
            return
        held_out: dict[str, str] = {}
        for split in ("test", "validation"):
            if split in self._splits:
                examples = self._splits[split]
                held_out |= dict.fromkeys(map(examples.source, range(len(examples))), split)
        train = self._splits["train"]
        known: set[tuple[str, str]] = set()
        kept = []
        for index in range(len(train)):
            if elsewhere := held_out.get(train.source(index)):
                self.problems.add(
                    f"pair is left out of train, since its source is in {elsewhere} too",
                    f"pairs are left out of train, since their sources are in {elsewhere} too",
                    train.id(index),
                )
                continue
            if self._options.duplicates == "removed":
                pair = train.pair(index)
                if pair in known:
                    self.problems.add(
                        "copy of a training pair is left out",
                        "copies of training pairs are left out",
                        train.id(index),
                    )
                    continue
                known.add(pair)
            kept.append(index)
        if not kept:
            raise UserError(
                f"{self._path}: every training text is in validation or test too: give other splits, or"
                " --set loader.duplicates=kept"
            )
        if len(kept) < len(train):
            self._splits["train"] = train.kept(kept)
