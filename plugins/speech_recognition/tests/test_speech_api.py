"""What another package adds to speech recognition: one network, and one format of recordings."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import suite
import suite_speech_recognition
from speech_on_disk import problems, recordings, rows, table
from suite.data.loading import load_dataset
from suite.options import as_dict
from suite_speech_recognition.api import TASK, Utterance, pipeline, transcribed_recordings
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.samples import sample

HERE = Path(__file__).parent


def module(name):
    specification = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


def host_with(name):
    return suite.Host(suite_speech_recognition, module(name), discover=False)


@pytest.mark.parametrize(("name", "lines"), [("plugin_of_one_network", 30), ("plugin_of_one_format", 45)])
def test_plugins_are_short_and_import_only_what_is_public(name, lines):
    text = (HERE / f"{name}.py").read_text()
    assert len([line for line in text.splitlines() if line.strip()]) <= lines
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import suite", "from suite"))
    }
    assert imported <= {"suite", "suite.options", "suite.kit", "suite_speech_recognition.api"}


def test_importing_the_api_imports_nothing_heavy():
    code = "import sys, suite_speech_recognition.api;print(*{'keras', 'numpy', 'librosa'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.slow
def test_a_network_gets_the_codec_the_batches_and_the_loss():
    builder = host_with("plugin_of_one_network").builder("plain", TASK).item
    dataset = sample()
    built = builder.build(dataset, builder.options(noise=0.0))
    assert built.network.name == "plain"
    assert (built.options.width, built.options.mels, built.options.rate) == (16, 20, 8000)
    assert "auto" not in as_dict(built.options).values()
    assert built.recipe["epochs"] == 3
    prepared = [built.batches.prepare(example) for example in dataset.train[:2]]
    inputs, targets = built.batches.make(prepared, np.random.default_rng(0), 0.0)
    log_probabilities = np.asarray(built.network(inputs))
    assert log_probabilities.shape[1] == inputs["audio"].shape[1] // built.codec.frame_samples
    assert np.isfinite(np.asarray(built.loss(targets, log_probabilities))).all()
    encoded = built.codec.encode(dataset.test[0].input)
    arrays = {name: array[None] for name, array in encoded.arrays.items()}
    transcript = built.codec.decode(np.asarray(built.network(arrays))[0], encoded.context)
    assert transcript.seconds == pytest.approx(len(dataset.test[0].input) / 8000)
    assert builder.codec(built.codec.to_json()) == built.codec


def test_options_that_the_user_gives_win_over_defaults():
    builder = host_with("plugin_of_one_network").builder("plain", TASK).item
    assert builder.build(sample(), builder.options(mels=12)).options.mels == 12


def without_samples(rate, symbols, options):
    import keras

    audio = keras.Input((None,), name="audio")
    return keras.Model({"audio": audio}, keras.layers.Reshape((-1, symbols))(audio), name="odd")


def too_wide(rate, symbols, options):
    return module("plugin_of_one_network").network(rate, symbols + 1, options)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (without_samples, r"'odd' takes float32 'audio' \(None, None\): it must take float32 'audio'"),
        (too_wide, r"'plain' gives float32 \(None, None, 6\): it must give float32 \(batch, frames, 5\)"),
    ],
)
def test_a_network_that_takes_or_gives_something_else_is_refused(network, problem):
    builder = host_with("plugin_of_one_network").builder("plain", TASK).item
    with pytest.raises(ValueError, match=problem):
        pipeline(sample(), builder.options(mels=20), network)


@pytest.fixture
def kaldi(tmp_path):
    recordings(tmp_path, "wav/a.wav", "wav/b.wav", "wav/c.wav")
    table(tmp_path / "train/wav.scp", "ann-1 wav/a.wav", "bo-1 wav/b.wav", "cy-1 wav/gone.wav")
    table(tmp_path / "train/text", "ann-1 good day", "bo-1 yes", "cy-1 no")
    table(tmp_path / "train/utt2spk", "ann-1 ann", "bo-1 bo", "cy-1 cy")
    table(tmp_path / "test/wav.scp", "dan-1 wav/c.wav")
    table(tmp_path / "test/text", "dan-1 yes")
    return tmp_path


def test_a_format_is_recognized_and_loaded(kaldi):
    dataset, loader = load_dataset(host_with("plugin_of_one_format"), TASK, kaldi, loader="scp")
    assert loader.item.detect(kaldi)
    assert rows(dataset.train) == [("wav/a.wav", "good day", "ann"), ("wav/b.wav", "yes", "bo")]
    assert rows(dataset.test) == [("wav/c.wav", "yes", None)]
    assert problems(dataset) == {
        "1 example whose recording is not there, left out": ["train, row 3: wav/gone.wav"]
    }
    assert dataset.groups(dataset.train[0]) == "ann"


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ((1.0, 0.5), "it ends at 0.5 s, but begins at 1 s"),
        ((-1.0, 0.5), "start -1 is no time in seconds"),
        ((0.0, float("nan")), "end nan is no time in seconds"),
    ],
)
def test_bad_times_are_left_out_whoever_gives_them(tmp_path, times, problem):
    recordings(tmp_path, "a.wav", "b.wav")
    utterances = [Utterance("a.wav", "a", "", *times), Utterance("b.wav", "b")]
    assert problems(transcribed_recordings(tmp_path, {"train": utterances})) == {
        "1 example with a bad time range, left out": [f"train, row 1: {problem}"]
    }


def test_a_split_of_another_name_is_the_loaders_mistake(tmp_path):
    recordings(tmp_path, "a.wav")
    assert len(transcribed_recordings(tmp_path, {"test": [Utterance("a.wav", "a")]}).train) == 0
    with pytest.raises(ValueError, match="'dev' is no split: train, validation, test are"):
        Utterances().add("dev", "a.wav", 0, "a")


@pytest.mark.parametrize("row", [(None, "yes"), ("a.wav", 7)])
def test_a_path_or_a_transcript_that_is_no_text_is_refused_with_its_row(tmp_path, row):
    with pytest.raises(suite.UserError, match=r"train, row 1: the .* is .*, which is no text"):
        transcribed_recordings(tmp_path, {"train": [Utterance(*row)]})
