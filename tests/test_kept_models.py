"""Every run and every export that an earlier version wrote can be loaded, and predicts what it predicted.

`tests/data/make_kept_models.py` made them. What is there is never replaced: a format that cannot be read any
more is a promise that was broken, see docs/files.md.
"""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path

import msgspec
import pytest

import suite
from suite.runs.directory import RunDirectory
from suite.runs.verify import verify

KEPT = sorted((Path(__file__).parent / "data" / "kept").glob("*/*/expected.json"))
IDS = ["-".join(path.parts[-3:-1]) for path in KEPT]


@pytest.fixture(scope="module")
def host():
    return suite.Host()


def read_input(value):
    path = Path(__file__).parent / "data" / "make_kept_models.py"
    specification = importlib.util.spec_from_file_location("make_kept_models", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.read_input(value)


def alike(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-4)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b


def test_each_task_is_kept(host):
    assert {path.parent.name for path in KEPT} >= {task.name for task in host.tasks()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["run", "export"])
@pytest.mark.parametrize("expected", KEPT, ids=IDS)
def test_a_kept_model_predicts_what_it_predicted(host, expected, kind):
    told = json.loads(expected.read_text())
    pipeline = suite.load(expected.parent / kind, host=host, options=told["options"])
    predictions = msgspec.to_builtins(pipeline.predict([read_input(raw) for raw in told["inputs"]]))
    assert alike(told["predictions"], predictions), (told["predictions"], predictions)


@pytest.mark.parametrize("expected", KEPT, ids=IDS)
def test_a_kept_run_is_read_and_whole(expected):
    run = RunDirectory.open(expected.parent / "run")
    assert run.configuration.task == expected.parent.name
    assert run.history()
    assert run.metrics["test"]
    assert run.environment["format"] >= 1
    assert [
        found for found in (*verify(run.path), *verify(expected.parent / "export")) if found.problem
    ] == []
