"""`--pretrained`: the builders say what they can start from, and the host chooses."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.kit.keras_hub import pretrained_presets
from suite.runs.directory import RunDirectory
from suite.runs.train import train


def offered(here):
    """A plugin whose second model builder offers weights, those named `here` on this machine."""

    class plugin:  # noqa: N801 - its name is the plugin's
        suite_tasks = staticmethod(toy_plugin.suite_tasks)
        suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
        suite_evaluators = staticmethod(toy_plugin.suite_evaluators)

        @suite.hookimpl
        def suite_model_builders(self):
            def pretrained(name, dataset):
                assert len(dataset.train)
                return [
                    suite.Pretrained(
                        name=f"TrendNet_{width}",
                        options={"width": width},
                        here=width in here,
                        untrained={"width": width, "dropout": 0.5},
                    )
                    for width in (8, 16, 24)
                ]

            (builder,) = toy_plugin.suite_model_builders()
            return [builder, dataclasses.replace(builder, name="tuned", pretrained=pretrained)]

    return suite.Host(plugin(), discover=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


def said(capsys, host, data, *words, status=2):
    assert main(["train", "trend", str(data), "--epochs", "1", *words], host) == status
    return capsys.readouterr().err


@pytest.mark.slow
def test_those_on_this_machine_are_taken_best_first(data, tmp_path, capsys):
    heard = said(capsys, offered({16, 24}), data, "--out", str(tmp_path / "run"), "--pretrained", status=0)
    assert "starts from the weights 'TrendNet_16', which are on this machine (--model tuned)" in heard
    written = RunDirectory.open(tmp_path / "run").configuration
    assert (written.model_name, written.model["width"], written.pretrained) == ("tuned", 16, None)


@pytest.mark.slow
def test_a_name_is_understood_as_people_spell_it_and_wins_over_nothing_of_the_users(data, tmp_path):
    tables = {"task": "trend", "data": str(data), "training": {"epochs": 1}, "pretrained": "trendnet-24"}
    tables["model"] = {"dropout": 0.3}
    run = train(offered(()), from_mapping(tables, "the test"), out=tmp_path / "run")
    assert run.configuration.model == {"width": 24, "dropout": 0.3, "noise": 0.05}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--pretrained"],
            "are on this machine. Name some, and they are downloaded once: --pretrained TrendNet",
        ),
        (["--pretrained", "trendnet"], "did you mean TrendNet_8 or TrendNet_16 or TrendNet_24?"),
        (["--pretrained", "TrendNet_8", "--init", "x"], "--init and --pretrained both say"),
        (["--pretrained", "--model", "dense"], "model builder 'dense' has no pretrained weights"),
        (
            ["--model", "trendnet16"],
            "from scratch, --model tuned --set model.width=16 --set model.dropout=0.5",
        ),
        (["--pretrained", "."], "holds no weights that a model for the task 'trend' can start from"),
    ],
)
def test_what_cannot_be_had_is_answered_in_a_sentence(data, capsys, words, message):
    if "x" in words:
        words = [word if word != "x" else str(data) for word in words]
    assert message in said(capsys, offered(()), data, *words)


def test_where_there_are_none_it_is_said(data, capsys):
    host = suite.Host(toy_plugin, discover=False)
    assert "task 'trend' has no pretrained weights to start from" in said(capsys, host, data, "--pretrained")


@pytest.mark.slow
def test_a_small_training_mentions_them(data, tmp_path, capsys):
    heard = said(capsys, offered(()), data, "--out", str(tmp_path / "run"), status=0)
    assert "60 training examples are few" in heard
    assert "add --pretrained" in heard


HANDLE = "kaggle://keras/listener/keras/listener_tiny/1"


@pytest.fixture
def listeners(monkeypatch) -> list[str]:
    """Two presets of keras-hub, and the class that has them."""
    keras_hub = pytest.importorskip("keras_hub")
    pytest.importorskip("kagglehub")
    presets = {"listener_large": {}, "listener_tiny": {"kaggle_handle": HANDLE}}
    monkeypatch.setattr(keras_hub.models, "Listener", SimpleNamespace(presets=presets), raising=False)
    return ["Listener"]


def test_a_preset_is_here_if_its_weights_are_and_not_if_its_download_failed(listeners, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    folder = tmp_path / "models" / "keras" / "listener" / "keras" / "listener_tiny" / "1"
    folder.mkdir(parents=True)
    assert not pretrained_presets("", listeners, ["listener_tiny"])[0].here
    (folder / "model.weights.h5").touch()
    assert pretrained_presets("", listeners, ["listener_tiny"])[0].here


def test_a_preset_of_keras_hub_is_a_folder_or_a_name(listeners, tmp_path):
    offers = pretrained_presets("", listeners, ["listener_tiny", "listener_gone"])
    assert [offer.name for offer in offers] == ["listener_tiny", "listener_large"]
    assert not offers[0].here
    assert pretrained_presets(str(tmp_path), listeners) == []
    (tmp_path / "config.json").write_text("{}")
    (offer,) = pretrained_presets(str(tmp_path), listeners)
    assert offer.options == {"preset": str(tmp_path)}
    assert offer.here
