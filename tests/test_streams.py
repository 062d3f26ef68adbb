"""The standard streams of the command: closed, full, read by nobody, or given names that hold commands."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.cli.streams import standard_streams, visible
from suite.errors import UserError

EVIL = "cat\x1b]0;owned\x07\x1b[2J\x9b31m\r.jpg"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def started(code: str, shell: str) -> subprocess.CompletedProcess[str]:
    """Run Python code within a line of a shell, as $RUN."""
    environment = {**os.environ, "RUN_CODE": code, "RUN_PYTHON": sys.executable}
    return subprocess.run(
        ["sh", "-c", shell.replace("$RUN", '"$RUN_PYTHON" -c "$RUN_CODE"')],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


NOTES = """
import sys, time, suite.cli.main as main
def dispatch(words, host):
    for number in range(300):
        print("a note " * 50, file=sys.stderr)
    open(words[0], "w").write("done")
    return 0
main._dispatch = dispatch
sys.exit(main.main([{path!r}]))
"""


def test_a_training_whose_notes_nobody_reads_goes_on(tmp_path):
    started(NOTES.format(path=str(tmp_path / "end")), "$RUN 2>&1 | head -n 1")
    assert (tmp_path / "end").read_text() == "done"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(tmp_path, closed):
    done = started(NOTES.format(path=str(tmp_path / "end")), f"$RUN {closed}")
    assert done.returncode == 0, done.stderr
    assert "AttributeError" not in done.stderr
    assert (tmp_path / "end").read_text() == "done"


def test_output_that_nobody_reads_ends_the_command_quietly():
    code = "import sys\nfrom suite.cli.main import main\nsys.exit(main(['--help']))"
    done = started(code, "( sleep 0; $RUN; echo status $? >&2 ) | true")
    assert "Traceback" not in done.stderr


SLEEPS = """
import sys, time, suite.cli.main as main
def dispatch(words, host):
    try:
        print("ready", flush=True)
        time.sleep(30)
    finally:
        print("kept", flush=True)
main._dispatch = dispatch
sys.exit(main.main(["predict"]))
"""


def test_sigterm_is_like_an_interrupt():
    with subprocess.Popen([sys.executable, "-c", SLEEPS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        assert process.stdout.read() == "kept\n"
        assert process.wait(10) == 130
        assert time.monotonic() - start < 10


def test_a_training_stops_after_its_step_or_validation_and_at_once_where_there_is_none(capsys):
    from suite.cli.training_display import TrainingDisplay, stop_on_interrupt

    display = TrainingDisplay(resumed=False)
    for prepare, said in (
        (lambda: display.epoch({"epoch": 1, "loss": 0.5, "seconds": 1.0}, is_best=False), "after this step"),
        (display.validation, "after this validation"),
    ):
        prepare()
        with stop_on_interrupt(display) as stop:
            assert not stop()
            signal.raise_signal(signal.SIGINT)
            assert stop()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert said in capsys.readouterr().err
    display.phase("scoring the test split")
    with stop_on_interrupt(display), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert "stopping" not in capsys.readouterr().err


def test_what_is_stopped_before_a_training_says_so(capsys):
    from suite.cli.training_display import TrainingDisplay

    with pytest.raises(KeyboardInterrupt), TrainingDisplay(resumed=False):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "stopped before the training began\n"


def test_the_handler_of_sigterm_is_put_back(capsys):
    before = signal.getsignal(signal.SIGTERM)
    main(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_control_characters_are_shown_and_texts_are_not_changed():
    assert visible("Grüße, 世界\n\tא\u200fה\r\n") == "Grüße, 世界\n\tא\u200fה\r\n"
    assert visible(EVIL) == "cat\\x1b]0;owned\\x07\\x1b[2J\\u009b31m\\x0d.jpg"


def test_json_stays_json():
    text = "".join(map(chr, range(160)))
    assert json.loads(visible(msgspec.json.encode(text).decode())) == text


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_names_with_control_characters_do_not_reach_the_terminal(monkeypatch, stream):
    terminal = Terminal()
    monkeypatch.setattr(sys, stream, terminal)
    with standard_streams():
        print(EVIL, file=getattr(sys, stream))
    assert getattr(sys, stream) is terminal
    assert terminal.getvalue() == visible(EVIL) + "\n"


def test_nor_do_they_in_messages_notes_and_tables(monkeypatch, tmp_path):
    from rich.table import Table

    from suite.cli.console import VisibleConsole
    from suite.cli.training_display import TrainingDisplay

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with standard_streams():
        with TrainingDisplay(resumed=False) as display:
            display.note(EVIL)
            display.phase(EVIL)
        console = VisibleConsole(stderr=True, force_terminal=True)
        table = Table("[bold]names[/]")
        table.add_row(EVIL)
        console.print(table, EVIL)
    written = terminal.getvalue()
    assert "\x07" not in written
    assert "\x1b]" not in written
    assert "\x1b[2J" not in written
    assert "\x9b" not in written
    assert "\\x1b]0;owned" in written
    assert "\x1b[1m" in written or "\x1b[33m" in written  # rich's own are obeyed


def test_nor_do_they_in_errors(monkeypatch, tmp_path):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert (
        main(["predict", str(tmp_path / EVIL), "x"], host=suite.Host(toy_plugin, discover=False))
        == UserError.exit_status
    )
    assert "\x1b" not in terminal.getvalue()
    assert "\x07" not in terminal.getvalue()
    assert "\\x1b]0;owned" in terminal.getvalue()
