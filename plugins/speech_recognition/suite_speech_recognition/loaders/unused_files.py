"""What lies beside recordings and is not understood: which file it is, and why it does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from suite import UserError
from suite.kit import counted, some, tables
from suite.sources import Tree
from suite_speech_recognition.loaders.listing import is_recording

FORMATS = {
    ".textgrid": "a TextGrid of Praat",
    ".eaf": "an annotation of ELAN",
    ".trs": "a transcript of Transcriber",
    ".stm": "a reference of sclite",
    ".ctm": "a list of words with times (CTM)",
    ".mlf": "a label file of HTK",
    ".cha": "a transcript of CHAT",
    ".xml": "XML",
    ".db": "a database",
    ".sqlite": "a database",
    ".docx": "a document of Word",
    ".pdf": "a PDF document",
    ".xls": "an old spreadsheet",
}
"""Endings of files that may hold transcripts and are not read."""

_MAX_SHOWN = 3


def seen_beside(tree: Tree) -> str:
    """A sentence for each of the first files that may hold transcripts, on why it does not; or nothing."""
    sentences = list(_sentences(tree))
    left = len(sentences) - _MAX_SHOWN
    more = [f"There {'are' if left > 1 else 'is'} {counted(left, 'more', 'more')}."] if left > 0 else []
    return " ".join([*sentences[:_MAX_SHOWN], *more])


def _sentences(tree: Tree) -> Iterator[str]:
    shown = 0
    for file, name in enumerate(tree.names):
        if is_recording(name):
            continue
        ending = name[name.rfind(".") :].lower()
        if ending in FORMATS:
            yield f"{name} was seen, {FORMATS[ending]}, which is not read."
        elif name.lower().endswith(tables.SUFFIXES) and shown < _MAX_SHOWN:
            shown += 1
            yield f"{name} was seen, and {_problem(tree, file)}."


def _problem(tree: Tree, file: int) -> str:
    """Why a table is no manifest."""
    name = tree.names[file]
    try:
        row = next((row for _, row in tables.rows(tree.source(file).read(), name)), None)
    except UserError as error:
        return f"cannot be read: {error}"
    if row is None:
        return "has no rows"
    if isinstance(row, str):
        return f"its first row is one {row}"
    return (
        f"it has the columns {some(list(row))}, but in its first row no cell is the path of a recording, or"
        " its name without the ending"
    )
