"""What all loaders of labeled texts give: clean texts with labels, checked and put together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import ColumnExamples, Dataset, Example, Examples, Problem, Subset, each_input, target_counts
from suite.kit import SPLIT_NAMES, some
from suite_text.reading.cleaning import as_fact, clean, cleaning_from
from suite_text.reading.input_files import InputFiles, files_fact
from suite_text.reading.options import FilesOptions, ReadingOptions
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import split_files

Target = str | list[str]

_WHOLE = re.compile(r"([-+]?\d+)\.0+")


class Collector:
    """Collects the examples of all splits.

    Args:
        path: how messages call the data.
        options: how texts are cleaned.

    Attributes:
        problems: what was left out or odd; loaders note theirs here.
    """

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        self.problems = Problems()
        self._path = path
        self._options = options
        self._cleaning = cleaning_from(options)
        self._lists: dict[str, list[Example]] = {}
        self._splits: dict[str, Examples] = {}
        self._labels: dict[str, str] = {}
        self._missing: frozenset[str] = frozenset(getattr(options, "missing_labels", ()))
        self._files = InputFiles(encoding=options.encoding)

    def split_files(self, names: Sequence[str], options: FilesOptions) -> dict[str, list[str]]:
        """The names of each split's files; those of no split are noted."""
        splits, rest = split_files(self._path, names, options)
        for name in rest:
            self.problems.note_unused(name)
        return splits

    def add(self, split: str | None, name: str, location: str, text: str, target: Target) -> None:
        """Take an example, or note what is wrong with it.

        Args:
            split: of the example; None if the data names an unknown one.
            name: of the example, unique in its split.
            location: the file, and the line.
            text: not cleaned yet.
            target: a label, or a list of labels.
        """
        text = clean(text, self._cleaning)
        target = self.cleaned_target(target)
        if split is not None and text and not text.isspace() and self.is_target(target):
            self._lists.setdefault(split, []).append(Example(name, text, target))
        else:
            self.note_unusable(split, text, target, location)

    def add_split(self, split: str, examples: ColumnExamples) -> None:
        """Take all examples of a split, of which each can be used: see `is_target` and `note_unusable`."""
        self._splits[split] = examples

    def cleaned_target(self, target: Target) -> Target:
        """A label, or a list of labels, cleaned as texts are."""
        if isinstance(target, str):
            return self._label(target)
        return list(dict.fromkeys(filter(None, map(self._label, target))))

    def is_target(self, target: Target) -> bool:
        """Whether a cleaned target can be learned from: it is not empty, nor says that there is none."""
        return not isinstance(target, str) or (target != "" and target not in self._missing)

    def note_unusable(self, split: str | None, text: str, target: Target, location: str) -> None:
        """Note why an example is left out.

        Args:
            split: of the example; None if the data names an unknown one.
            text: cleaned.
            target: cleaned.
            location: the file, and the line.
        """
        if isinstance(target, str) and target in self._missing:
            self._leave_out_missing(target, location)
        elif split is None:
            self._leave_out("of neither train, validation nor test", location)
        elif not text.strip():
            self._leave_out("without a text", location)
        else:
            self._leave_out("without a label", location)

    def are_files(self, files: InputFiles) -> None:
        """Say how the files of the training split hold their texts."""
        self._files = files

    def _label(self, label: str) -> str:
        """A label, cleaned as texts are, a whole number without a point; each is one object."""
        known = self._labels.get(label)
        if known is None:
            plain = clean(label, self._cleaning).strip()
            known = _WHOLE.sub(r"\1", plain) if _WHOLE.fullmatch(plain) else plain
            self._labels[label] = known
        return known

    def _leave_out_missing(self, label: str, location: str) -> None:
        advice = f"if '{label}' is a class, say --set loader.missing_labels='[]'"
        self.problems.add(
            f"example with the label '{label}', which says that there is none, is left out: {advice}",
            f"examples with the label '{label}', which says that there is none, are left out: {advice}",
            location,
        )

    def _leave_out(self, kind: str, location: str) -> None:
        self.problems.add(f"example {kind} is left out", f"examples {kind} are left out", location)

    def dataset(self, hint: str = "") -> Dataset:
        """All that was collected.

        Args:
            hint: what to do if there is only one class.

        Raises:
            UserError: if there is nothing to learn from (no examples, no train split, one class), or if some
                targets are lists and some are not.
        """
        self._splits.update(self._lists)
        noted = "".join(f". {sentence}" for sentence in self.problems.sentences()[:3])
        if not self._splits:
            raise UserError(f"{self._path} has no example that can be used{noted}")
        kinds = {
            isinstance(target, str) for examples in self._splits.values() for target in _targets(examples)
        }
        if len(kinds) > 1:
            raise UserError(f"{self._path}: some labels are lists and some are not: give all as lists")
        multi_label = not kinds.pop()
        if not multi_label:
            self._say_joined_labels()
        self._leave_out_duplicates()
        train = self._splits.get("train")
        labeled = [train] if train else list(self._splits.values())  # without one, it can be scored on
        classes = sorted(set().union(*map(_labels, labeled)))
        for split in ("validation", "test"):
            if split in self._splits:
                self._leave_out_unknown(split, set(classes))
        if not classes:
            raise UserError(f"{self._path} holds no labels: at least two are needed{hint}{noted}")
        problems = [*self.problems.sentences(), *_look_alikes(classes)]
        if len(classes) == 1 and not multi_label:
            # Nothing can be learned from it, as the builders say, but a model can be scored on it.
            text = f"there is one class only, '{classes[0]}': at least two are needed{hint}"
            problems.append(Problem(text, of_training=True))
        splits = {name: self._splits[name] for name in SPLIT_NAMES if self._splits.get(name)}
        return Dataset(
            **{"train": [], **splits},  # type: ignore[arg-type]
            facts={
                "classes": classes,
                "multi_label": multi_label,
                "cleaning": as_fact(self._cleaning),
                **files_fact(self._files),
                **({"language": language} if (language := getattr(self._options, "language", "")) else {}),
            },
            problems=problems,
        )

    def _say_joined_labels(self) -> None:
        """Say if labels look as if several stood in one cell."""
        labels = sorted(label for label in self._labels.values() if label)
        for separator in ("|", ";"):
            if joined := [label for label in labels if separator in label.strip(separator)]:
                self.problems.say(
                    f"labels like {some(joined[:1])} are taken as one class each: if they are several labels,"
                    f" say --set loader.label_separator='{separator}'"
                )
                return
        alone = {label for label in labels if "," not in label}
        joined = [label for label in labels if "," in label]
        if joined and all(alone.issuperset(map(str.strip, label.split(","))) for label in joined):
            self.problems.say(
                f"labels like {some(joined[:1])} are taken as one class each, and their pieces are labels:"
                " if they are several labels, say --set loader.label_separator=,"
            )

    def _leave_out_duplicates(self) -> None:
        """Leave training examples out that are in other splits too, and copies if the options say so."""
        if self._options.duplicates == "kept" or "train" not in self._splits:
            return
        held_out = {
            text: split
            for split in ("test", "validation")
            for text in each_input(self._splits.get(split, []))
        }
        if not held_out and self._options.duplicates == "apart":
            return
        train = self._splits["train"]
        known: set[tuple[str, str]] = set()
        kept = []
        for index, text in enumerate(each_input(train)):
            if split := held_out.get(text):
                self.problems.add(
                    f"example is left out of train, since its text is in {split} too",
                    f"examples are left out of train, since their texts are in {split} too",
                    train[index].id,
                )
                continue
            if self._options.duplicates == "removed":
                content = (text, str(train[index].target))
                if content in known:
                    self.problems.add(
                        "copy of a training example is left out",
                        "copies of training examples are left out",
                        train[index].id,
                    )
                    continue
                known.add(content)
            kept.append(index)
        if not kept:
            raise UserError(
                f"{self._path}: every training text is in validation or test too: give other splits, or"
                " --set loader.duplicates=kept"
            )
        self._splits["train"] = _chosen(train, kept)

    def _leave_out_unknown(self, split: str, classes: set[str]) -> None:
        """Leave out what nothing can be learned for: its label is in no training example."""
        examples = self._splits[split]
        if classes.issuperset(_labels(examples)):
            return
        kept = []
        for index in range(len(examples)):
            example = examples[index]
            labels = [example.target] if isinstance(example.target, str) else example.target
            if unknown := [label for label in labels if label not in classes]:
                self._leave_out(
                    f"of {split} with the label '{unknown[0]}', which training never saw,", example.id
                )
            else:
                kept.append(index)
        if not kept:
            raise UserError(
                f"{self._path}: no label of the {split} split is among the train split's, which are"
                f" {some(sorted(classes))}"
            )
        self._splits[split] = _chosen(examples, kept)


def _targets(examples: Examples) -> Iterator[Target]:
    """Each target that any of the examples has, at least once."""
    if (counts := target_counts(examples)) is not None:
        yield from (target for target, _ in counts)
    else:
        yield from (examples[index].target for index in range(len(examples)))


def _labels(examples: Examples) -> set[str]:
    targets = _targets(examples)
    return {label for target in targets for label in ([target] if isinstance(target, str) else target)}


def _chosen(examples: Examples, kept: Sequence[int]) -> Examples:
    if isinstance(examples, list):
        return [examples[index] for index in kept]
    return Subset(examples, np.array(kept, np.int64))


def _look_alikes(classes: Sequence[str]) -> list[Problem]:
    """A sentence for each set of labels that differ in case, blanks, hyphens or Unicode form only."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        plain = unicodedata.normalize("NFKC", name).casefold()
        alike.setdefault("".join(letter for letter in plain if letter not in " \t_-"), []).append(name)
    return [
        Problem(f"the labels {' and '.join(map(repr, names))} look alike: are they one class?")
        for names in alike.values()
        if len(names) > 1
    ]
