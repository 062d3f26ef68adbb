"""Who hears of a training: the loggers of the standard library, the program, and the listeners of plugins.

Everything is logged below the logger "suite": phases as DEBUG, notes and epochs as INFO. A handler that does
nothing keeps Python from printing what no program asked to see.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.errors import SuiteError, attributed, first_line
from suite.training.progress import Listener, Progress, RunFacts

logging.getLogger("suite").addHandler(logging.NullHandler())

_log = logging.getLogger("suite.training")

MAX_STEPS_WAITING = 100
MAX_WAITING = 1000
"""Events that may wait for a plugin's listener: beyond the first number steps are left out, and beyond the
second everything but the end."""


class Forwarding(Listener):
    """Treats every event alike."""

    def _forward(self, event: str, *arguments: Any) -> None:
        """Do with an event what is to be done.

        Args:
            event: the name of a method of `Listener`.
            arguments: of the method.
        """
        raise NotImplementedError

    def note(self, text: str) -> None:
        self._forward("note", text)

    def phase(self, text: str) -> None:
        self._forward("phase", text)

    def started(self, facts: RunFacts) -> None:
        self._forward("started", facts)

    def fold(self, number: int, folds: int, path: Path) -> None:
        self._forward("fold", number, folds, path)

    def progress(self, progress: Progress) -> None:
        self._forward("progress", progress)

    def validation(self) -> None:
        self._forward("validation")

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        self._forward("epoch", row, is_best)

    def finished(self, metrics: Mapping[str, Any]) -> None:
        self._forward("finished", metrics)

    def failed(self, error: BaseException) -> None:
        self._forward("failed", error)


class ProgramListener(Forwarding):
    """Logs, and passes everything on to the listener of a program.

    What that one raises passes, with a note of whose it is: else it would be taken for a defect of the model
    builder, in whose training it is called.

    Args:
        listener: of the program; None if it has none.
    """

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener

    @classmethod
    def of(cls, listener: Listener | None) -> ProgramListener:
        """Around a listener, or the listener itself if it is such a one."""
        return listener if isinstance(listener, ProgramListener) else cls(listener)

    def _forward(self, event: str, *arguments: Any) -> None:
        if event != "progress":
            _write(event, arguments)
        if self._listener is not None:
            with attributed("the listener of the program"):
                getattr(self._listener, event)(*arguments)


def _write(event: str, arguments: Sequence[Any]) -> None:
    match event, *arguments:
        case "note", text:
            _log.info("note: %s", text)
        case "phase", text:
            _log.debug("%s", text)
        case "started", facts:
            _log.info("training %s in %s", "goes on" if facts.step else "begins", facts.path)
        case "fold", number, folds, path:
            _log.info("fold %d of %d in %s", number, folds, path)
        case "epoch", row, _:
            scores = {name: row[name] for name in row if name == "loss" or name.startswith("validation_")}
            _log.info(
                "epoch %d: %s", row["epoch"], ", ".join(f"{name} {scores[name]:.6g}" for name in scores)
            )
        case "finished", _:
            _log.info("the run is complete")
        case "failed", error:
            _log.info("the training ends before its end: %s", error)


class QueuedListener(Forwarding):
    """A plugin's listener in a thread of its own, which it cannot hold up and whose errors it keeps.

    Args:
        name: what a message calls it: "listener 'tensorboard' of plugin 'suite-tracking'".
        open_listener: opens it; called in its thread.
        keep_id: called with its `log_id` when it has one, or another one; in its thread.

    Attributes:
        defect: why it was switched off, as a sentence; "" while it works.
    """

    def __init__(
        self, name: str, open_listener: Callable[[], Listener], keep_id: Callable[[str], None]
    ) -> None:
        self.name = name
        self.defect = ""
        self._open = open_listener
        self._keep_id = keep_id
        self._waiting: deque[tuple[str, tuple[Any, ...]] | None] = deque()
        self._changed = threading.Condition()
        # A daemon, so that a server that does not answer keeps no process from its end.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Let it finish what is waiting, for so long at most."""
        with self._changed:
            self._waiting.append(None)
            self._changed.notify()
        self._thread.join(seconds)
        if self._thread.is_alive() and not self.defect:
            self._switch_off(f"it was not done {seconds:g} seconds after the end of the training")

    def _forward(self, event: str, *arguments: Any) -> None:
        with self._changed:
            most = MAX_STEPS_WAITING if event == "progress" else MAX_WAITING
            is_end = event in ("finished", "failed")
            if self.defect or (len(self._waiting) >= most and not is_end):
                return
            self._waiting.append((event, arguments))
            self._changed.notify()

    def _work(self) -> None:
        try:
            listener: Any = self._open()
            if not isinstance(listener, Listener):
                self._switch_off(f"it gave {type(listener).__name__}, which is no suite.Listener")
                return
            known = ""
            while True:
                if listener.log_id != known:
                    known = str(listener.log_id)
                    self._keep_id(known)
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._waiting or self.defect))
                    taken = self._waiting.popleft() if self._waiting else None  # else it is switched off
                if taken is None:
                    return
                event, arguments = taken
                getattr(listener, event)(*arguments)
        except BaseException as error:  # noqa: BLE001 - whatever it raises is not to end the training
            _log.debug("%s failed", self.name, exc_info=error)
            kind = "" if isinstance(error, SuiteError) else f"{type(error).__name__}: "
            self._switch_off(f"{kind}{first_line(error)}")

    def _switch_off(self, reason: str) -> None:
        with self._changed:
            self.defect = f"{self.name} is switched off, and training goes on: {reason}"
            self._waiting.clear()
            self._changed.notify()
