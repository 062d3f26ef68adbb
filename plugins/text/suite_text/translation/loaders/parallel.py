"""Parallel files: one per language, whose lines belong together."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.sources import FileSource
from suite_language.encodings import decoded
from suite_text.reading.languages import is_language
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import files_in, split_files
from suite_text.translation.direction import direction
from suite_text.translation.examples import Collector
from suite_text.translation.options import ParallelOptions


def detect_parallel(path: Path) -> bool:
    """Whether `path` is a folder with files of one name that end with different languages."""
    return path.is_dir() and bool(_stems(path))


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
        problems.note(
            "set of files is of no split, left out", "sets of files are of no split, left out", stem
        )
    location = f"{path} ({splits['train']})"
    source, target = direction(location, list(stems[splits["train"]]), options.source, options.target)
    collector = Collector(path, options, source, target, problems)
    for split, stem in splits.items():
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


def _stems(path: Path) -> dict[str, dict[str, Path]]:
    """Files by language, by their name without it, if there are two languages at least."""
    stems: dict[str, dict[str, Path]] = {}
    for file in files_in(path, ("",)):
        stem, _, ending = file.name.removesuffix(".txt").rpartition(".")
        if stem and is_language(ending):
            stems.setdefault(stem, {})[ending] = file
    return {stem: files for stem, files in stems.items() if len(files) > 1}


def _lines(file: Path, options: ParallelOptions, problems: Problems) -> list[str]:
    content = decoded(FileSource(file).read(), str(file), options.encoding)
    problems.note_decoding(content, file.name)
    if not content.text.strip():
        raise UserError(f"{file} is empty: it has no text in it")
    return content.text.removesuffix("\n").split("\n")
