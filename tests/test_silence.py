"""A program that calls the library sees nothing of it on its standard output and standard error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

PROGRAM = """
import threading
from pathlib import Path

import suite
import toy_plugin

host = suite.Host(toy_plugin, discover=False)
data = toy_plugin.write(Path("rows.jsonl"), train=40)
suite.inspect("trend", data, host=host)
stop, steps = threading.Event(), []

class Third(suite.Listener):
    def progress(self, progress):
        steps.append(progress)
        if len(steps) == 3:
            stop.set()

try:
    suite.train("trend", data, epochs=2, out="run", host=host, listener=Third(), stop=stop)
    raise SystemExit("it was not stopped")
except suite.StoppedError as stopped:
    run = suite.resume(stopped.run, host=host)
suite.evaluate(run, host=host)
row = toy_plugin.rows(1, seed=9)[0]["numbers"]
suite.predict(run, [row, b"no row"], host=host, on_error="return")
exported = suite.export(run, host=host)
suite.predict(exported.folder, [row], host=host)
suite.cross_validate("trend", data, 2, epochs=1, host=host)
try:
    suite.train("trend", data, model="dens", host=host)
except suite.UserError:
    pass
"""


@pytest.mark.slow
def test_nothing_is_printed(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_importing_the_library_costs_nothing(tmp_path):
    code = (
        "import sys, suite; suite.train, suite.Listener;"
        " print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    code = "import sys, suite; print(sorted({'numpy', 'keras', 'logging'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
