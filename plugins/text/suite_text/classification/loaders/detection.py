"""Which format of labeled texts a path has: a table of labeled lines is not to be claimed twice."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.kit import tables
from suite.sources import is_archive, open_tree
from suite_text.classification.loaders.folder import SUFFIX
from suite_text.classification.loaders.labeled_lines import files_of_labeled_lines
from suite_text.classification.loaders.tables import has_text_and_label
from suite_text.reading.split_files import files_in
from suite_text.reading.tables import header


def detect_table(path: Path) -> bool:
    """Whether `path` is a table (.csv, .tsv, .jsonl, .json), or a folder with some."""
    return _format(path) == "table"


def detect_labeled_lines(path: Path) -> bool:
    """Whether `path` is a file of lines that begin with their label, or a folder with some."""
    return _format(path) == "labeled-lines"


def detect_folder(path: Path) -> bool:
    """Whether `path` is a folder or an archive with .txt files in folders."""
    return _format(path) == "folder"


def _format(path: Path) -> str:
    files = files_in(path, tables.SUFFIXES)
    headers = [header(file) for file in files]
    if any(columns is None or has_text_and_label(columns) for columns in headers):
        return "table"
    if files_of_labeled_lines(path):
        return "labeled-lines"
    if files:
        return "table"
    if path.is_file() and not is_archive(path):
        return ""
    try:
        names = open_tree(path).names
    except UserError:
        return ""
    return "folder" if any("/" in name and name.lower().endswith(SUFFIX) for name in names) else ""
