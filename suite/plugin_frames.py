"""Where in a plugin's code an error arose: the line that its author has to look at."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from suite.errors import first_line

_HOST = Path(__file__).parent

_LIBRARIES = ("keras", "keras_hub", "tensorflow", "jax", "torch", "numpy", "msgspec", "pluggy", "onnxruntime")


def raised(error: BaseException) -> str:
    """What was raised and where, as the end of a sentence: "raises KeyError in rows.py, line 12: 'label'"."""
    text = first_line(error)[:300]
    name = type(error).__name__
    return f"raises {name}{where(error)}{'' if text == name else f': {text}'}"


def where(error: BaseException) -> str:
    """The last line of a program that is neither the host's nor a library's: " in rows.py, line 12"."""
    frame = last_frame(error)
    return "" if frame is None else f" in {Path(frame.filename).name}, line {frame.lineno}"


def last_frame(error: BaseException) -> traceback.FrameSummary | None:
    """The last line of a program that is neither the host's nor a library's; None if there is none."""
    own = [frame for frame in _frames(error) if not is_foreign(Path(frame.filename))]
    return own[-1] if own else None


def is_foreign(file: Path) -> bool:
    """Whether a file is of the host, the standard library, or one of the large libraries."""
    if _HOST in file.parents or not file.is_absolute():
        return True
    folders = [folder.name for folder in file.parents]
    if "site-packages" in folders:
        return folders[folders.index("site-packages") - 1] in _LIBRARIES
    return Path(traceback.__file__).parent in file.parents


def _frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    if error.__cause__ is not None:
        yield from _frames(error.__cause__)
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    yield from frames
