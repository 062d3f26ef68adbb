"""Stopping from outside: a program says so in any thread, and what is being done ends at the next good place.

`stoppable` says what to ask, `check_stop` asks it. It lies in a context variable, so that loaders, scores and
exports can be stopped without having it passed through all of them. What asks is the host's own code: it asks
between files that are read, batches that are predicted, and resamples that are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from suite.errors import StoppedError, UserError

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class Event(Protocol):
    """What can be set in one thread and seen in another: `threading.Event`, `multiprocessing.Event`."""

    def is_set(self) -> bool:
        """Whether it was set."""


Stop = Callable[[], bool] | Event
"""Says whether to stop: an event that somebody may set, or a function that is then true from now on."""


class Stopping(BaseException):
    """Leaves what is being done. It is no `Exception`, so that nobody takes it for a failure of something."""


_asked: ContextVar[Callable[[], bool] | None] = ContextVar("_asked", default=None)


def stop_function(stop: Stop | None) -> Callable[[], bool]:
    """What says whether to stop, as a function; None never does.

    Raises:
        UserError: if it is neither an event nor a function.
    """
    if stop is None:
        return lambda: False
    asked = getattr(stop, "is_set", stop)
    if not callable(asked):
        raise UserError(f"stop is a threading.Event, or a function that says whether to stop, not {stop!r}")
    return asked


@contextmanager
def stoppable(stop: Stop | None, what: str) -> Iterator[Callable[[], bool]]:
    """Within it, `check_stop` asks `stop`; whoever is around it is asked too. Gives `stop` as a function.

    Args:
        stop: None adds nothing.
        what: is stopped, for the message: "the evaluation".

    Raises:
        StoppedError: if it was stopped.
    """
    own, around = stop_function(stop), _asked.get()
    token = _asked.set(around if stop is None else own if around is None else lambda: own() or around())
    try:
        yield own
    except Stopping:
        raise StoppedError(f"{what} was stopped before its end") from None
    finally:
        _asked.reset(token)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Within it, `check_stop` asks nobody: for what looks itself whether it is to stop."""
    token = _asked.set(None)
    try:
        yield
    finally:
        _asked.reset(token)


def check_stop() -> None:
    """Leave what is being done if it is to be stopped."""
    asked = _asked.get()
    if asked is not None and asked():
        raise Stopping


def stopped_alike(function: Callable[[Argument], Result]) -> Callable[[Argument], Result]:
    """A function for threads, in which `check_stop` asks whom it asks here."""
    asked = _asked.get()

    def call(argument: Argument) -> Result:
        token = _asked.set(asked)
        try:
            return function(argument)
        finally:
            _asked.reset(token)

    return call
