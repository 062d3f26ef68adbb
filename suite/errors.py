"""The errors that people read, and the note that says whose code failed.

Three kinds, each with the exit status of the command line: `UserError` (2) for what the user can put
right, `RunError` (1) for a run that failed, and any error raised inside a contribution (3), which keeps
its type and gains a note that names the contribution and its plugin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from suite.other_words import meant
from suite.shown_addresses import with_addresses
from suite.wording import shortened

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class SuiteError(Exception):
    """Base of the errors whose message is meant for the person at the keyboard."""

    exit_status = 1

    def __str__(self) -> str:
        return with_addresses(super().__str__())


class UserError(SuiteError):
    """Something the user gave is wrong: the message says what, where, and what to do."""

    exit_status = 2


_LONGEST_TEXT = 60
"""Characters of an input that is a text, in a message."""


class InputError(UserError):
    """An input that has no prediction, because it cannot be read.

    Attributes:
        name: how people call the input: its path or name, its text, or its number, counted from 0.
        reason: why it cannot be read.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)  # from which pickle makes it again
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        if self.name in self.reason:
            return with_addresses(self.reason)
        # A path is told whole; of a text its beginning says which one it is.
        length = len(self.name) if "/" in self.name.split(" ")[0] else _LONGEST_TEXT
        return with_addresses(f"{shortened(self.name, length)}: {self.reason}")


class RunError(SuiteError):
    """A run that failed although what the user gave was right (a loss that is not finite, say)."""

    exit_status = 1


class LostError(RunError):
    """A process that trains together with this one was lost: the run goes on from its newest checkpoint."""


class UnwritableError(RunError):
    """Something could not be written (a full disk, say): the message says what, why, and what to do."""


class OutOfMemoryError(RunError, MemoryError):
    """There was too little memory, of the machine or of an accelerator: nobody's defect.

    Attributes:
        batch_size: how many examples were computed at once, as the message says; None if it does not say so.
    """

    batch_size: int | None = None


class StoppedError(RunError):
    """What was asked to stop has stopped: the message says how to go on, if it can.

    Attributes:
        run: the run directory of a training, with everything kept: `suite.resume(run)` goes on. None if there
            is nothing to go on with (yet): then the same call does it again.
    """

    exit_status = 130

    def __init__(self, message: str, run: Path | None = None) -> None:
        super().__init__(message)
        self.run = run


class PluginError(SuiteError):
    """A plugin broke the contract of its contributions: the message names the plugin."""

    exit_status = 3


_OUT_OF_MEMORY = {"ResourceExhaustedError", "OutOfMemoryError"}
"""What TensorFlow and torch raise; the others say it in the text of a `RuntimeError`."""

_OUT_OF_MEMORY_TEXTS = ("RESOURCE_EXHAUSTED", "out of memory", "STATUS_ALLOC_FAILED")
"""In an error of JAX, of CUDA itself, and of its libraries that torch calls."""

_ATTRIBUTE = "__suite_contribution__"


class attributed:  # noqa: N801 - it is used like a function, `with attributed("..."):`
    """Add a note (PEP 678) to any error raised inside: in which contribution of which plugin.

    Errors that are already a person's to read (`SuiteError`) and interrupts pass unchanged, and an
    error keeps the note of the innermost contribution only. Too little memory is nobody's defect.

    It is a class since it is entered several times for every input: `contextlib.contextmanager` takes five
    times as long.
    """

    __slots__ = ("_contribution",)

    def __init__(self, contribution: str) -> None:
        self._contribution = contribution

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, SuiteError):
            return
        if isinstance(error, SystemExit):
            raise PluginError(
                f"{self._contribution} ended the program ({error!r}): raise a suite.UserError"
            ) from error
        if not isinstance(error, Exception):
            return
        if is_out_of_memory(error):
            raise out_of_memory(error) from error
        if attribution(error) is None:
            error.add_note(f"in {self._contribution}")
            setattr(error, _ATTRIBUTE, self._contribution)


def attribution(error: BaseException) -> str | None:
    """The contribution in which `error` was raised, or None where no plugin's code was running."""
    found = getattr(error, _ATTRIBUTE, None)
    return found if isinstance(found, str) else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory, of the machine or of an accelerator, whichever library says so."""
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
        return True
    if not isinstance(error, RuntimeError) and not type(error).__name__.endswith("RuntimeError"):
        return False
    said = str(error)[:400]
    return any(words in said for words in _OUT_OF_MEMORY_TEXTS)


def out_of_memory(error: BaseException) -> OutOfMemoryError:
    """What to say of an error that is one of memory."""
    lines = str(error).strip().splitlines()
    return OutOfMemoryError(f"there is not enough memory{f' ({lines[0][:200]})' if lines else ''}")


def too_large_batch(error: BaseException, device: str, batch_size: int) -> OutOfMemoryError:
    """What to say if a batch did not fit into memory: which device, and the batch size to try.

    Args:
        error: that of the backend, or what `out_of_memory` made of it.
        device: its name.
        batch_size: how many examples were computed at once.
    """
    if isinstance(error, OutOfMemoryError):
        if error.batch_size is not None:
            return error
        error = error.__cause__ or error
    if batch_size > 1:
        examples, way_out = f"{batch_size} examples", f"try --batch-size {batch_size // 2}"
    else:
        examples, way_out = "a single example", "try a smaller network, or smaller inputs"
    said = OutOfMemoryError(
        f"{device} has not enough memory to compute {examples} at once: {way_out} ({first_line(error)[:200]})"
    )
    said.batch_size = batch_size
    return said


def unimportable(error: ImportError, package: str, missing: str) -> UserError:
    """What to say of a package that could not be imported.

    Args:
        error: what was raised.
        package: the name by which it is imported.
        missing: the message if it is not installed.

    Raises:
        KeyboardInterrupt: if that is why: some packages call every error of their imports their own.
    """
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        if isinstance(each, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        seen.append(each)
        each = each.__cause__ or each.__context__
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == package:
        return UserError(missing)
    return UserError(f"the package {package} is installed, and cannot be imported: {reason(error)}")


def about(message: str, name: str, raw: object = None) -> str:
    """A message about one example, which begins with the example's id unless it names it already.

    Args:
        message: what is wrong with it.
        name: the example's id.
        raw: its input, whose name the message may hold in the place of the id.
    """
    called = raw if isinstance(raw, str) else getattr(raw, "name", None)
    known = [text for text in (name, called) if isinstance(text, str) and text]
    return message if any(text in message for text in known) else f"{name}: {message}"


_LONGEST_REASON = 300
"""Characters: some libraries quote what they could not read."""


def reason(error: Exception) -> str:
    """Why, as the end of a sentence: in lower case, not long, and without the path that `OSError` names."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = shortened(text, _LONGEST_REASON)
    return f"{text[:1].lower()}{text[1:]}" if text else type(error).__name__


def first_line(error: BaseException) -> str:
    """The first line of what an error of a library says; its type if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, else all of them."""
    import difflib  # here, since most commands end well and start faster without it

    names = sorted(known)
    same = meant(name, names)
    if same is not None and same != name:
        return f"did you mean '{same}'?"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if names:
        return "known: " + ", ".join(names)
    return "none is known"
