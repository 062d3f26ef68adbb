"""The loader of plain text: files of any size and folders of them, JSON lines with a text each."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples, Subset, digest
from suite.data.duplicates import same_content
from suite.kit import SPLITS, counted, some, split_of_name
from suite.kit import SPLITS as FOLDERS
from suite.sources import open_tree
from suite_text.reading.cleaning import as_fact, cleaning_from
from suite_text.reading.encodings import REPLACEMENT, called, encoding_of
from suite_text.generation.options import TextOptions
from suite_text.generation.storage import FileStorage, Spool, Storage
from suite_text.generation.examples import Passages, TextFile, indexed
from suite_text.reading.problems import Problems
from suite_text.reading.tables import TEXT_COLUMNS, as_text, known
from suite_text.reading.languages import is_language

SUFFIXES = (".txt", ".text", ".md", ".rst", ".tex", ".org", ".tokens", ".jsonl", ".ndjson")
"""The endings of files that are read in a folder, besides those of languages (train.en)."""

_JSON = (".jsonl", ".ndjson")
_HEAD = 1 << 20
_PIECES, _PIECE = 16, 1 << 16
_MOST_LOOKED_AT = 10_000


def detect_text(path: Path) -> bool:
    """Whether `path` is a file of text by its ending, or a folder with some."""
    if path.is_file():
        return _is_text(path.name, ())
    for number, (_, folders, files) in enumerate(os.walk(path, followlinks=True)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if any(_is_text(name, ()) for name in files if not name.startswith(".")):
            return True
        if number == _MOST_LOOKED_AT:
            break
    return False


def load_text(path: Path, options: TextOptions) -> Dataset:
    """Index a file, or those of a folder and all below it, as passages; nothing of it stays in memory.

    Parts are folders or files called train, validation (val, valid, dev) and test; there may be many for
    each. Where none is called train, everything is for training. Text that is not UTF-8, and that of JSON
    lines, is copied into a temporary file as UTF-8.

    Args:
        path: a file or a folder.
        options: which files, how long passages are, how text is cleaned.

    Raises:
        UserError: where there is no text. Files that cannot be used are left out and named in
            `Dataset.problems`.
    """
    suffixes = tuple(suffix.lower() for suffix in options.suffixes)
    problems = Problems()
    files, left = _files(path, suffixes)
    if not files:
        listed = f", only {some(left)}" if left else ""
        raise UserError(
            f"{path} holds no file of text ({', '.join(suffixes or SUFFIXES)}){listed}: name other endings"
            " with --set loader.suffixes='[\".log\"]'"
        )
    if left:
        problems.say(
            f"{counted(len(left), 'file is', 'files are')} no text by the ending and left out: {some(left)}"
        )
    spool = Spool()
    parts: dict[str, list[TextFile]] = {}
    paths = dict(files)
    for name, part in _parts(list(paths)).items():
        if part is None:
            problems.note("file is of no part and left out", "files are of no part and left out", name)
            continue
        try:
            found = _indexed(paths[name], name, options, spool, problems)
        except UserError as error:
            problems.note(
                "file cannot be read and is left out", "files cannot be read and are left out", str(error)
            )
            continue
        if len(found.bounds) < 2:
            problems.note("file is empty", "files are empty", name)
        else:
            parts.setdefault(part, []).append(found)
    return _dataset(path, parts, options, problems)


def _files(path: Path, suffixes: Sequence[str]) -> tuple[list[tuple[str, Path]], list[str]]:
    """Names and paths of the files of text, and the names of others."""
    if path.is_file():
        return [(path.name, path)], []
    names = open_tree(path).names
    chosen = [name for name in names if _is_text(name, suffixes)]
    return [(name, path / name) for name in chosen], sorted(set(names) - set(chosen))


def _is_text(name: str, suffixes: Sequence[str]) -> bool:
    if name.lower().endswith(tuple(suffixes or SUFFIXES)):
        return True
    return not suffixes and "." in name and is_language(name.rpartition(".")[2])


def _parts(names: Sequence[str]) -> dict[str, str | None]:
    """The part of each file, by the outermost folder that is called after one, or by its own name.

    All are for training where none is called so, or most are of no part: "training manual.txt" is a book.
    """
    found: dict[str, str | None] = {}
    for name in names:
        *folders, file = name.split("/")
        of_folders = (FOLDERS[folder.lower()] for folder in folders if folder.lower() in FOLDERS)
        found[name] = next(of_folders, None) or split_of_name(file.rpartition(".")[0])
    of_none = sum(part is None for part in found.values())
    if "train" not in found.values() or 2 * of_none > len(found):
        return dict.fromkeys(names, "train")
    return found


def _indexed(path: Path, name: str, options: TextOptions, spool: Spool, problems: Problems) -> TextFile:
    encoding = encoding_of(_sample(path), str(path), options.encoding)
    storage: Storage
    if name.lower().endswith(_JSON):
        storage = spool.write(_texts(path, name, encoding, options, problems))
    elif encoding in ("utf-8", "utf-8-sig"):
        with path.open("rb") as file:
            storage = FileStorage(path, 3 if file.read(3) == b"\xef\xbb\xbf" else 0)
    else:
        if options.encoding == "auto" and not encoding.startswith("utf"):
            problems.say(
                f"{name} is not UTF-8 and was read as {called(encoding)}, by what its bytes look like: if"
                " that is wrong, name another with --set loader.encoding=NAME"
            )
        storage = spool.write(_blocks(path, name, encoding, problems))
    found = indexed(name, storage, options.passage_bytes)
    if name.lower().endswith(_JSON):
        return found  # its lines are not those of the file
    for line in found.broken:
        _note_broken(problems, "UTF-8", f"{name}, line {line}")
    for line in found.nul:
        problems.note("line has NUL characters", "lines have NUL characters", f"{name}, line {line}")
    return found


def _sample(path: Path) -> bytes:
    """The beginning of a file, and whole lines from all over it."""
    try:
        with path.open("rb") as file:
            pieces = [file.read(_HEAD)]
            size = os.fstat(file.fileno()).st_size
            for number in range(1, _PIECES + 1) if size > _HEAD else ():
                file.seek((size - _PIECE) * number // _PIECES)
                piece = file.read(_PIECE)
                pieces.append(piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    head = pieces[0]
    if size > _HEAD:
        pieces[0] = head[: head.rfind(b"\n") + 1] or head
    return b"".join(pieces)


def _blocks(path: Path, name: str, encoding: str, problems: Problems) -> Iterator[str]:
    """The text of a file; lines in which not all is of the encoding are noted."""
    with path.open("rb") as file, io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
        before = 0
        noted = 0
        while block := text.read(_HEAD):
            if REPLACEMENT in block:
                for number, line in enumerate(block.split("\n"), start=before + 1):
                    if REPLACEMENT in line and number > noted:
                        noted = number
                        _note_broken(problems, called(encoding), f"{name}, line {number}")
            yield block if before else block.removeprefix("\ufeff")
            before += block.count("\n")


def _note_broken(problems: Problems, encoding: str, place: str) -> None:
    problems.note(
        f"line is not all {encoding}: what is not is read as U+FFFD",
        f"lines are not all {encoding}: what is not is read as U+FFFD",
        place,
    )


def _texts(path: Path, name: str, encoding: str, options: TextOptions, problems: Problems) -> Iterator[str]:
    """The texts of JSON lines, each with a line break after it."""
    with path.open("rb") as file, io.TextIOWrapper(file, encoding, errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line.removeprefix("\ufeff"))
            except msgspec.DecodeError:
                row = None
            column = ""
            if isinstance(row, dict):
                column = options.text_column or known(list(row), TEXT_COLUMNS)
                row = row.get(column)
            if text := as_text(row):
                yield f"{text}\n"
            else:
                missing = f" called '{options.text_column}'" if options.text_column else ""
                problems.note(
                    f"line has no JSON with a text{missing} and is left out",
                    f"lines have no JSON with a text{missing} and are left out",
                    f"{name}, line {number}",
                )


def _dataset(
    path: Path, files: dict[str, list[TextFile]], options: TextOptions, problems: Problems
) -> Dataset:
    noted = "".join(f". {sentence}" for sentence in problems.sentences()[:3])
    if not files:
        raise UserError(f"{path} has no text{noted}")
    if "train" not in files:
        raise UserError(f"{path} has no text in its training part{noted}")
    passages = {part: Passages(files[part]) for part in SPLITS if part in files}
    train = _without_duplicates(path, passages, options, problems)
    return Dataset(
        train=train,
        validation=passages.get("validation"),
        test=passages.get("test"),
        facts={"cleaning": as_fact(cleaning_from(options))},
        problems=problems.sentences(),
        labels=_nothing,
    )


def _nothing(example: Example) -> Sequence[str]:
    """No labels: passages are of no class."""
    del example
    return ()


def _without_duplicates(
    path: Path, passages: dict[str, Passages], options: TextOptions, problems: Problems
) -> Examples:
    """The training passages without those that are in other parts too, and without copies if asked for."""
    train = passages["train"]
    held_out = [part for name, part in passages.items() if name != "train"]
    left = np.zeros(len(train), bool)
    if options.duplicates != "kept" and held_out:
        known_sizes = np.unique(np.concatenate([part.sizes() for part in held_out]))
        known_digests = {digest(part[index].input) for part in held_out for index in range(len(part))}
        for index in np.flatnonzero(np.isin(train.sizes(), known_sizes)).tolist():
            example = train[index]
            if digest(example.input) in known_digests:
                left[index] = True
                problems.note(
                    "passage is left out of train, since it is in another part too",
                    "passages are left out of train, since they are in other parts too",
                    example.id,
                )
    if options.duplicates == "removed":
        copies = (same_content(train) != np.arange(len(train))) & ~left
        for index in np.flatnonzero(copies).tolist():
            problems.note(
                "copy of a training passage is left out",
                "copies of training passages are left out",
                train[index].id,
            )
        left |= copies
    if left.all():
        raise UserError(
            f"{path}: every training passage is in validation or test too: give other parts, or"
            " --set loader.duplicates=kept"
        )
    return Subset(train, np.flatnonzero(~left)) if left.any() else train
