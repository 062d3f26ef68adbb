"""Runs elsewhere: a copy is worked on here; what is finished in it is copied back, at the end and before."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from suite.errors import UnwritableError, UserError
from suite.runs.directory import taken_advice
from suite.sources.addresses import is_address, is_local, kept_address, local_part
from suite.sources.copies import FolderElsewhere
from suite.stopping import unstoppable

Given = ParamSpec("Given")
Result = TypeVar("Result")

SECONDS = 5.0
"""Between two looks for files that were finished."""


def elsewhere_too(
    name: str, *, is_new: bool = False
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Let a function that works on a run take an address for it.

    Args:
        name: of the argument with the path of the run.
        is_new: whether the function makes the run.
    """

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            bound = signature.bind(*args, **kwargs)
            path = bound.arguments.get(name)
            if not isinstance(path, str | Path) or not is_address(path):
                return function(*args, **kwargs)
            with kept_elsewhere(path, is_new=is_new) as local:
                bound.arguments[name] = local
                return function(*bound.args, **bound.kwargs)

        return called

    return decorate


@contextmanager
def kept_elsewhere(address: str | Path, *, is_new: bool = False) -> Iterator[Path]:
    """A copy of a run to work on, of which all that is finished is copied back, at the end and before.

    Args:
        address: of the run.
        is_new: whether it is to be made.

    Raises:
        UserError: if there is none, or there is one and it is to be made; or if it cannot be read.
        UnwritableError: if it cannot be written there.
    """
    shown = kept_address(address)
    if is_local(shown):
        yield local_part(shown)
        return
    if shown.startswith(("http:", "https:", "zip:", "tar:")):
        raise UserError(f"{shown} cannot be written to: give a folder, or s3://BUCKET/FOLDER and the like")
    folder = FolderElsewhere(shown, "runs")
    with folder.locked():
        if not is_new:
            folder.pull()
        elif folder.files():
            raise UserError(f"{shown} exists already: {taken_advice(folder.local)}")
        else:
            folder.check_writable()
            folder.clear()
        with _copied_back(folder):
            yield folder.local


@contextmanager
def _copied_back(folder: FolderElsewhere) -> Iterator[None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SECONDS):
            try:
                folder.push()
            except UserError:
                continue  # perhaps it can be written later; the end says so if not

    thread = threading.Thread(target=watch, name="suite-copies-back", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        try:
            with unstoppable():  # what was asked to stop is kept
                folder.push()
        except UserError as error:
            folder.named_by_path()
            raise UnwritableError(f"{error}; all of the run is in {folder.local}") from None
