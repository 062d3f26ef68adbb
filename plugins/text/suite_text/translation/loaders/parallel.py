"""Parallel files: one per language, whose lines belong together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import tables
from suite.sources import is_archive
from suite_language.encodings import decoded
from suite_text.reading.input_files import InputFiles
from suite_text.reading.languages import is_language
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import DataFile, files_in, split_files
from suite_text.translation.direction import direction
from suite_text.translation.examples import Collector
from suite_text.translation.options import ParallelOptions

SIDES = ("source", "src", "target", "tgt", "trg", "ref")
"""What files end with that say which side they are: those to translate from first."""


def detect_parallel(path: Path) -> bool:
    """Whether `path` is a folder or an archive with files of one name that end with different languages."""
    return (path.is_dir() or is_archive(path)) and bool(_stems(path))


def load_parallel(path: Path, options: ParallelOptions) -> Dataset:
    """Load files whose lines belong together: train.en and train.de, test.en and test.de.

    Args:
        path: the folder.
        options: the languages.

    Raises:
        UserError: if there are no such files, it is not clear which way to translate, or two files have
            different numbers of lines. Pairs that cannot be used are left out and named in
            `Dataset.problems`.
    """
    stems = _stems(path)
    if not stems:
        raise UserError(
            f"{path} has no parallel files: one per language, that are called the same but for their ending,"
            " as train.en and train.de"
        )
    problems = Problems()
    splits, rest = split_files(path, list(stems), options)
    for stem in rest:
        problems.add("set of files is of no split, left out", "sets of files are of no split, left out", stem)
    first = next(iter(splits.values()))[0]
    source, target = direction(f"{path} ({first})", _ordered(stems[first]), options.source, options.target)
    collector = Collector(path, options, source, target, problems)
    suffix = f".{source.lower()}"
    collector.are_files(InputFiles(suffixes=(suffix,), encoding=options.encoding))
    for split, stem in ((split, stem) for split, names in splits.items() for stem in names):
        files = stems[stem]
        if missing := [language for language in (source, target) if language not in files]:
            raise UserError(f"{path} has no file of {stem} in '{missing[0]}', only in {', '.join(files)}")
        sides = [_lines(files[language], options, problems) for language in (source, target)]
        counts = [len(side) for side in sides]
        names = [files[language].name for language in (source, target)]
        if counts[0] != counts[1]:
            raise UserError(
                f"{files[source]} has {counts[0]:,} lines, but {names[1]} has {counts[1]:,}: their lines must"
                " belong together"
            )
        for number, (text, translation) in enumerate(zip(*sides, strict=True), start=1):
            collector.add(split, names[0], number, text, translation)
    return collector.dataset()


def _stems(path: Path) -> dict[str, dict[str, DataFile]]:
    """Files by language, by their name without it, if there are two languages at least."""
    stems: dict[str, dict[str, DataFile]] = {}
    for file in files_in(path, ("",)):
        stem, _, ending = file.name.removesuffix(".gz").removesuffix(".txt").rpartition(".")
        if stem and (is_language(ending) or ending in SIDES):
            stems.setdefault(stem, {})[ending] = file
    return {stem: files for stem, files in stems.items() if len(files) > 1}


def _ordered(endings: Iterable[str]) -> list[str]:
    """The endings of one name; if they say which side they are, the sources' first."""
    return sorted(endings, key=lambda ending: SIDES.index(ending) if ending in SIDES else -1)


def _lines(file: DataFile, options: ParallelOptions, problems: Problems) -> list[str]:
    raw, name = tables.unpacked(file.read(), str(file))
    content = decoded(raw, name, options.encoding)
    problems.note_decoding(content, file.name)
    if not content.text.strip():
        raise UserError(f"{file} is empty: it has no text in it")
    return content.text.removesuffix("\n").split("\n")
