"""Lines of label, tab and text, or of fastText's __label__NAME and text."""

from __future__ import annotations

import re
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite_language.encodings import decoded
from suite_text.classification.examples import Collector, Target
from suite_text.classification.options import LabeledLinesOptions
from suite_text.reading.split_files import DataFile, files_in

SUFFIXES = (".txt", ".tsv", ".tab", ".ft", ".train", ".valid", ".test")
"""What files of labeled lines end with."""

_PEEK = 1 << 16
_FASTTEXT = re.compile(r"\s*((?:__label__\S+[\s,]*)+)(.*)", re.DOTALL)


def load_labeled_lines(path: Path, options: LabeledLinesOptions) -> Dataset:
    """Load lines of label, tab and text, or of fastText's __label__NAME (one or several) and text.

    Args:
        path: a file, or a folder with files that are called after their splits.
        options: how several labels are separated.

    Raises:
        UserError: if there is no such file or nothing to learn from. Lines that cannot be used are left out
            and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_of_labeled_lines(path)}
    if not files:
        raise UserError(
            f"{path} has no lines of label, tab and text, or of __label__NAME and text, in a file"
            f" {', '.join(SUFFIXES)}"
        )
    collector = Collector(path, options)
    lines: list[tuple[str, int, str, list[str], str]] = []
    splits = collector.split_files(list(files), options)
    for split, name in ((split, name) for split, names in splits.items() for name in names):
        content = decoded(files[name].read(), str(files[name]), options.encoding)
        collector.problems.note_decoding(content, name)
        for number, line in enumerate(content.text.split("\n"), start=1):
            if not line.strip():
                continue
            labels, text = labeled(line, options.label_separator)
            if labels is None:
                collector.problems.add(
                    "line has neither a tab after its label nor __label__ before it, and is left out",
                    "lines have neither a tab after their label nor __label__ before it, and are left out",
                    f"{name}, line {number}",
                )
            else:
                lines.append((split, number, name, labels, text))
    multi_label = bool(options.label_separator) or any(len(labels) > 1 for _, _, _, labels, _ in lines)
    for split, number, name, labels, text in lines:
        target: Target = labels if multi_label else labels[0]
        collector.add(split, f"{name}:{number}", f"{name}, line {number}", text, target)
    return collector.dataset()


def labeled(line: str, separator: str = "") -> tuple[list[str] | None, str]:
    """The labels before a text, and the text; None if the line has no such form."""
    if match := _FASTTEXT.fullmatch(line):
        return [word.rstrip(",") for word in match[1].replace("__label__", " ").split()] or None, match[2]
    before, tab, text = line.partition("\t")
    if not tab:
        return None, line
    return ([label.strip() for label in before.split(separator)] if separator else [before.strip()]), text


def files_of_labeled_lines(path: Path) -> list[DataFile]:
    """The files whose first lines begin with a label."""
    return [file for file in files_in(path, SUFFIXES) if _begins_with_labels(file)]


def _begins_with_labels(file: DataFile) -> bool:
    try:
        head = file.head(_PEEK)
        text = decoded(head, str(file)).text
    except UserError:
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    lines = lines[:-1] if len(head) == _PEEK and len(lines) > 1 else lines
    label_lists = [labels for line in lines if (labels := labeled(line)[0])]
    # The first cells of a table of anything else mostly differ.
    return len(label_lists) >= 0.8 * len(lines) > 0 and (
        text.lstrip().startswith("__label__")
        or len({labels[0] for labels in label_lists}) <= max(2, len(label_lists) / 2)
    )
