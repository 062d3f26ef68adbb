"""The listeners of plugins that a run names (`--log NAME`): opened, told, and closed with it.

They are for looking at a training elsewhere, so nothing of them is fatal: one that fails is switched off,
with a note. What each writes to is kept in the run, in `logs.json`, so that a resumed run goes on there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from suite.configuration import Configuration
from suite.contributions import Contributed, ListenerFactory
from suite.errors import UserError, attributed
from suite.files import atomic_write
from suite.host import Host
from suite.options import Options, parse
from suite.runs.directory import to_json
from suite.runs.run import read_json
from suite.training.listeners import Forwarding, QueuedListener
from suite.training.progress import Listener, RunFacts

FILE = "logs.json"

SECONDS = 30.0
"""How long the listeners of a run may take after its end, all together."""

Log = tuple[Contributed[ListenerFactory[Any]], Options]


def logs_of(host: Host, configuration: Configuration) -> list[Log]:
    """The listeners that a configuration names, with their options.

    Raises:
        UserError: for a name that nobody offers, and an option that is not known or not allowed.
    """
    logs = []
    for name, values in configuration.log.items():
        factory = host.listener(name)
        logs.append((factory, parse(factory.item.options, values, f"[log.{name}]")))
    return logs


def without_missing(host: Host, configuration: Configuration) -> tuple[Configuration, list[str]]:
    """The configuration of a run that goes on, without listeners that are not there, and a note on each.

    A run is not to be lost because the machine on which it goes on does not show it.
    """
    kept, notes = {}, []
    for name, values in configuration.log.items():
        try:
            logs_of(host, replace(configuration, log={name: values}))
        except UserError as error:
            notes.append(f"the training goes on without the listener '{name}': {error}")
        else:
            kept[name] = values
    return replace(configuration, log=kept), notes


class RunListener(Forwarding):
    """Tells everybody of a training: the listener of the program, and from `started` on those of plugins.

    Args:
        listener: of the program.
        logs: the listeners of plugins, to be opened.
        path: of the run.

    Attributes:
        notes: sentences on those that were switched off.
        is_open: whether the training has started, and its end was not told.
    """

    def __init__(self, listener: Listener, logs: list[Log], path: Path) -> None:
        self.notes: list[str] = []
        self.is_open = False
        self._listener = listener
        self._logs = logs
        self._path = path
        self._opened: list[QueuedListener] = []
        self._lock = threading.Lock()

    def _forward(self, event: str, *arguments: Any) -> None:
        if event == "started":
            self._open(*arguments)
        self.is_open = event not in ("finished", "failed") and (self.is_open or event == "started")
        for opened in self._opened:
            getattr(opened, event)(*arguments)
        self._report_defects()
        getattr(self._listener, event)(*arguments)

    def close(self) -> None:
        """Let those of plugins finish, for a bounded time."""
        closing = [threading.Thread(target=opened.close, args=(SECONDS,)) for opened in self._opened]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self._report_defects()

    def _open(self, facts: RunFacts) -> None:
        ids = log_ids(self._path)
        for factory, options in self._logs:
            own = replace(facts, log_id=ids.get(factory.full_name, ""))
            self._opened.append(
                QueuedListener(
                    str(factory),
                    partial(_opened, factory, own, options),
                    partial(self._keep_id, factory.full_name),
                )
            )

    def _keep_id(self, name: str, log_id: str) -> None:
        with self._lock:
            atomic_write(self._path / FILE, to_json({**log_ids(self._path), name: log_id}))

    def _report_defects(self) -> None:
        """Say once of each that was switched off, in the thread of the program."""
        for opened in [opened for opened in self._opened if opened.defect]:
            self._opened.remove(opened)
            self.notes.append(opened.defect)
            self._listener.note(opened.defect)


def _opened(factory: Contributed[ListenerFactory[Any]], facts: RunFacts, options: Options) -> Listener:
    with attributed(str(factory)):
        listener: Listener = factory.item.open(facts, options)
    return listener


def log_ids(path: Path) -> Mapping[str, str]:
    """What the listeners of a run have written to, by their full names; empty if nothing is known."""
    try:
        return {str(name): str(value) for name, value in read_json(path / FILE).items()}
    except UserError:
        return {}


@contextmanager
def heard(listener: Listener, host: Host, configuration: Configuration, path: Path) -> Iterator[RunListener]:
    """Everybody who hears of the training of a run; its end is told, whichever it is."""
    everybody = RunListener(listener, logs_of(host, configuration), path)
    try:
        yield everybody
    except BaseException as error:
        try:
            if everybody.is_open:
                everybody.failed(error)
        finally:
            everybody.close()
        raise
    everybody.close()
