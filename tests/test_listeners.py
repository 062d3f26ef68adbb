"""Listeners of plugins, `--log NAME`: in threads of their own, never fatal, going on when a run does."""

from __future__ import annotations

import inspect
import json
import threading
import time
from typing import Annotated

import pytest

import suite
import suite.testing
import toy_plugin
from suite.cli.main import main
from suite.options import Meta, Options
from suite.training.listeners import Forwarding, QueuedListener
from suite.training.progress import Listener


class DiaryOptions(Options, frozen=True):
    word: Annotated[str, Meta(description="the first word of every page")] = "dear"


class Diary(suite.Listener):
    """Keeps what it hears, and in which thread."""

    pages: list = []  # noqa: RUF012 - of all diaries

    def __init__(self, facts, options):
        self.log_id = facts.log_id or f"diary {len(Diary.pages)}"
        self.word = options.word
        self.steps = 0
        self.write("open", facts)

    def write(self, *page):
        Diary.pages.append((self.log_id, threading.current_thread(), *page))

    def started(self, facts):
        self.write("started", self.word, facts)

    def progress(self, progress):
        self.steps += 1

    def epoch(self, row, is_best):
        self.write("epoch", row["epoch"])

    def finished(self, metrics):
        self.write("finished", metrics, self.steps)

    def failed(self, error):
        self.write("failed", error)


def broken(facts, options):
    class Broken(suite.Listener):
        def epoch(self, row, is_best):
            raise ValueError("no ink")

    return Broken()


def missing(facts, options):
    raise suite.UserError("the package 'ink' is not installed: pip install suite-diary[ink]")


class diary:  # noqa: N801 - its name is the plugin's
    @suite.hookimpl
    def suite_listeners(self):
        return [
            suite.ListenerFactory(name="diary", summary="keeps all", open=Diary, options=DiaryOptions),
            suite.ListenerFactory(name="broken", open=broken),
            suite.ListenerFactory(name="missing", open=missing),
            suite.ListenerFactory(name="wrong", open=lambda facts, options: 3),
            suite.ListenerFactory(name="leaves", open=lambda facts, options: exit(3)),
        ]


HOST = suite.Host(toy_plugin, diary(), discover=False)


class Notes(suite.Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "rows.jsonl", train=40)


@pytest.fixture(autouse=True)
def pages(monkeypatch):
    monkeypatch.setattr(Diary, "pages", [])
    return Diary


@pytest.mark.slow
def test_a_listener_hears_of_a_run_and_goes_on_with_it(data, tmp_path, pages):
    stop = threading.Event()

    class Stopper(suite.Listener):
        def epoch(self, row, is_best):
            if row["epoch"] == 1:
                stop.set()

    with pytest.raises(suite.StoppedError) as caught:
        suite.train(
            "trend",
            data,
            epochs=2,
            out=tmp_path / "run",
            host=HOST,
            log={"diary": {"word": "hello"}},
            listener=Stopper(),
            stop=stop,
        )
    ids, threads, events, *_ = zip(*(page[:3] for page in pages.pages), strict=True)
    assert events == ("open", "started", "epoch", "failed")
    assert set(ids) == {"diary 0"}
    assert threading.main_thread() not in threads
    assert isinstance(pages.pages[-1][3], suite.StoppedError)
    assert json.loads((tmp_path / "run" / "logs.json").read_text()) == {"diary:diary": "diary 0"}

    pages.pages.clear()
    run = suite.resume(caught.value.run, host=HOST)
    assert [(page[0], page[2]) for page in pages.pages] == [
        ("diary 0", "open"),
        ("diary 0", "started"),
        ("diary 0", "epoch"),
        ("diary 0", "finished"),
    ]
    facts = pages.pages[1][4]
    assert pages.pages[1][3] == "hello"
    assert (facts.path, facts.task, facts.epochs, facts.metric) == (run.path, "trend", 2, "accuracy")
    assert facts.configuration["training"]["epochs"] == 2
    assert facts.step > 0
    assert pages.pages[-1][3]["test"] == run.metrics["test"]


@pytest.mark.slow
def test_what_a_listener_raises_is_a_note_and_ends_no_training(data, tmp_path):
    reasons = {
        "broken": "ValueError: no ink",
        "missing": "the package 'ink' is not installed: pip install suite-diary[ink]",
        "wrong": "it gave int, which is no suite.Listener",
        "leaves": "listener 'leaves' of plugin 'diary' ended the program (SystemExit(3)): raise a",
    }
    heard = Notes()
    run = suite.train(
        "trend", data, epochs=2, out=tmp_path / "run", host=HOST, log=["diary", *reasons], listener=heard
    )
    for name, reason in reasons.items():
        (note,) = [note for note in heard.notes if f"'{name}'" in note]
        expected = f"listener '{name}' of plugin 'diary' is switched off, and training goes on: {reason}"
        assert note.startswith(expected)
        assert note in run.metrics["notes"]
    assert Diary.pages[-1][2] == "finished"


@pytest.mark.slow
def test_the_end_is_told_once(data, tmp_path, pages):
    class Broken(suite.Listener):
        def finished(self, metrics):
            raise KeyError("mine")

    with pytest.raises(KeyError):
        suite.train("trend", data, epochs=1, out=tmp_path / "run", host=HOST, log="diary", listener=Broken())
    assert [page[2] for page in pages.pages] == ["open", "started", "epoch", "finished"]


@pytest.mark.slow
def test_each_fold_has_its_own(data, tmp_path, pages):
    suite.cross_validate("trend", data, 2, epochs=1, out=tmp_path / "folds", host=HOST, log="diary")
    opened = [(page[0], page[3].fold) for page in pages.pages if page[2] == "open"]
    assert [fold for _, fold in opened] == [1, 2]
    assert len({log_id for log_id, _ in opened}) == 2


@pytest.mark.slow
def test_a_run_goes_on_where_its_listener_is_not_installed(data, tmp_path):
    stop = threading.Event()
    with pytest.raises(suite.StoppedError):
        suite.train(
            "trend",
            data,
            epochs=1,
            out=tmp_path / "run",
            host=HOST,
            log="diary",
            stop=lambda: True if (tmp_path / "run" / "logs.json").exists() else stop.is_set(),
        )
    heard = Notes()
    suite.resume(tmp_path / "run", host=suite.Host(toy_plugin, discover=False), listener=heard)
    assert any("goes on without the listener 'diary'" in note for note in heard.notes)


@pytest.mark.slow
def test_listeners_are_named_on_the_command_line(data, tmp_path, pages, capsys):
    words = ["train", "trend", str(data), "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main([*words, "--log", "diary", "--set", "log.diary.word=hi"], HOST) == 0, capsys.readouterr().err
    assert [page[3] for page in pages.pages if page[2] == "started"] == ["hi"]
    run = tmp_path / "run"
    assert "--log diary" in json.loads((run / "environment.json").read_text())["command"]
    assert main(["resume", str(run), "--epochs", "1", "--log", "broken"], HOST) == 0
    assert "no ink" in capsys.readouterr().err
    assert "[log.broken]" in (run / "config.toml").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--log", "dairy"], "there is no listener 'dairy': did you mean 'diary'?"),
        (["--log", "diary", "--set", "log.diary.wort=x"], "[log.diary] has no option 'wort': did you mean"),
        (["--set", "log=3"], "--set log=3"),
    ],
)
def test_wrong_words_are_said_before_anything_is_done(data, tmp_path, capsys, words, message):
    assert main(["train", "trend", str(data), "--out", str(tmp_path / "run"), *words], HOST) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_they_are_listed_with_their_options(capsys):
    assert main(["plugins"], HOST) == 0
    assert "listener" in capsys.readouterr().out
    assert main(["show", "trend"], HOST) == 0
    assert "train shows a training elsewhere with --log broken, diary," in capsys.readouterr().out
    assert main(["show", "trend", "diary"], HOST) == 0
    assert 'word = "dear"' in capsys.readouterr().out


def test_a_declaration_that_cannot_be_called_is_refused():
    class odd:  # noqa: N801
        @suite.hookimpl
        def suite_listeners(self):
            return [suite.ListenerFactory(name="odd", open="later")]

    (plugin,) = suite.Host(odd(), discover=False).plugins
    assert "the open of its listener 'odd' is 'later', which cannot be called" in plugin.error


def test_a_listener_that_does_not_keep_up_holds_nobody_up():
    goes_on, heard = threading.Event(), []

    class Slow(suite.Listener):
        def phase(self, text):
            goes_on.wait(10)

        def progress(self, progress):
            heard.append(progress)

        def finished(self, metrics):
            heard.append("finished")

    queued = QueuedListener("the listener", Slow, lambda log_id: None)
    began = time.monotonic()
    queued.phase("one")
    for step in range(5000):
        queued.progress(step)
    queued.finished({})
    assert time.monotonic() - began < 5
    goes_on.set()
    queued.close(10)
    assert heard[-1] == "finished"
    assert 50 <= len(heard) <= 200


def test_a_listener_that_does_not_end_is_left_behind():
    queued = QueuedListener("the listener", lambda: time.sleep(5), lambda log_id: None)
    queued.close(0.1)
    assert queued.defect.startswith(
        "the listener is switched off, and training goes on: it was not done 0.1 s"
    )


def test_every_event_is_forwarded():
    events = {name for name, _ in inspect.getmembers(Listener, inspect.isfunction)}
    assert events == set(vars(Forwarding)) & events


class Forgetful(suite.Listener):
    def __init__(self, facts, options):
        self.log_id = str(facts.step)


@pytest.mark.parametrize(
    ("opened", "name", "defect"),
    [
        (lambda facts, options: 3, "listener-hears-a-training", "gave int: let open return a suite.Listener"),
        (broken, "listener-hears-a-training", "raises ValueError in test_listeners.py.* no ink"),
        (Forgetful, "listener-goes-on", "does not go on where it was: its log_id was '0', and is '3'"),
    ],
)
def test_checks_find_what_is_wrong(opened, name, defect):
    class odd:  # noqa: N801
        @suite.hookimpl
        def suite_listeners(self):
            return [suite.ListenerFactory(name="odd", open=opened, trial={})]

    checks = {check.name: check for check in suite.testing.checks(suite.Host(odd(), discover=False))}
    with pytest.raises(suite.PluginError, match=defect):
        checks[name]()


def test_checks_of_what_cannot_be_tried_are_skipped():
    checks = suite.testing.checks(suite.Host(diary(), discover=False))
    (check, *_) = (check for check in checks if str(check) == "broken/listener-goes-on")
    with pytest.raises(suite.testing.NotCheckedError, match="does not say with which options"):
        check()
