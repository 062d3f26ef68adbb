"""Checks of a listener: it hears of a made-up training, and goes on where it was in a second one."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.contributions import Contributed, ListenerFactory
from suite.errors import PluginError, StoppedError, UserError, attributed
from suite.options import parse
from suite.testing.check import READ, Check, NotCheckedError
from suite.training.progress import Listener, Progress, RunFacts

_METRICS = {"test": {"accuracy": 0.75}, "baseline": {"accuracy": 0.5}, "counts": {"test": 4}, "notes": []}
_STEPS = 3


def listener_checks(listener: Contributed[ListenerFactory[Any]]) -> Iterator[Check]:
    """The checks of a listener."""

    def check(name: str, function: Any) -> Check:
        return Check(
            name=name,
            about=str(listener),
            plugin=listener.plugin,
            contribution=listener.name,
            cost=READ,
            make=lambda: function(listener),
        )

    yield check("listener-hears-a-training", _check_training)
    yield check("listener-goes-on", _check_resumed)


def _check_training(listener: Contributed[ListenerFactory[Any]]) -> None:
    with _made_up_run(listener) as facts:
        opened = _opened(listener, facts)
        _train(listener, opened, facts, epochs=2)
        with attributed(str(listener)):
            opened.finished(_METRICS)


def _check_resumed(listener: Contributed[ListenerFactory[Any]]) -> None:
    with _made_up_run(listener) as facts:
        first = _opened(listener, facts)
        _train(listener, first, facts, epochs=1)
        with attributed(str(listener)):
            first.failed(StoppedError("stopped", facts.path))
        again = replace(facts, step=_STEPS, log_id=first.log_id)
        second = _opened(listener, again)
        if second.log_id != first.log_id:
            raise PluginError(
                f"{listener} does not go on where it was: its log_id was {first.log_id!r}, and is"
                f" {second.log_id!r} for facts.log_id = {first.log_id!r}. Open what facts.log_id names"
            )
        _train(listener, second, again, epochs=2)
        with attributed(str(listener)):
            second.finished(_METRICS)


@contextlib.contextmanager
def _made_up_run(listener: Contributed[ListenerFactory[Any]]) -> Iterator[RunFacts]:
    """The facts of a run in an empty folder, which is the working directory meanwhile."""
    if listener.item.trial is None:
        raise NotCheckedError(
            f"{listener} does not say with which options it can be tried: ListenerFactory(trial={{...}})"
        )
    configuration = {
        "task": "made-up",
        "data": "data",
        "loader": {"name": "rows"},
        "split": {"validation": 0.1},
        "model": {"name": "small", "width": 8, "sizes": [1, 2]},
        "training": {"epochs": 2, "learning_rate": 0.1},
        "runtime": {"device": "cpu"},
        "log": {listener.name: {}},
    }
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        run = Path(folder, "run")
        run.mkdir()
        (run / "config.toml").write_text('task = "made-up"\n', encoding="utf-8")
        (run / "metrics.json").write_text(json.dumps(_METRICS), encoding="utf-8")
        (run / "report.html").write_text("<p>made up</p>", encoding="utf-8")
        yield RunFacts(
            path=run,
            task="made-up",
            configuration=configuration,
            device="a processor",
            counts={"train": 12, "test": 4},
            epochs=2,
            weights=100,
            step=0,
            data={"classes": ["a", "b"]},
            metric="accuracy",
            higher_is_better=True,
        )


def _opened(listener: Contributed[ListenerFactory[Any]], facts: RunFacts) -> Listener:
    options = parse(listener.item.options, listener.item.trial or {}, str(listener))
    try:
        with attributed(str(listener)):
            opened: Any = listener.item.open(facts, options)
    except UserError as error:
        raise NotCheckedError(f"{listener} cannot be opened here: {error}") from error
    if not isinstance(opened, Listener):
        raise PluginError(f"{listener} gave {type(opened).__name__}: let open return a suite.Listener")
    if not isinstance(opened.log_id, str):
        raise PluginError(
            f"the log_id of {listener} is {opened.log_id!r}: make it text, which a run can keep"
        )
    return opened


def _train(
    listener: Contributed[ListenerFactory[Any]], opened: Listener, facts: RunFacts, *, epochs: int
) -> None:
    """Tell it of a training up to the end of an epoch, with a loss that is not finite for once."""
    with attributed(str(listener)):
        opened.started(facts)
        opened.note("a note")
        opened.phase("reading")
        for epoch in range(facts.step // _STEPS + 1, epochs + 1):
            for step in range(1, _STEPS + 1):
                loss = float("nan") if (epoch, step) == (1, 2) else 1 / step
                opened.progress(Progress(epoch, 2, step, _STEPS, loss, 0.1, "accuracy", None, 10.0, 0.0, 1.0))
            opened.validation()
            opened.epoch(
                {"epoch": epoch, "step": epoch * _STEPS, "loss": 0.5, "validation_accuracy": 0.75}, True
            )
