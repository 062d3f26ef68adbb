"""What another package adds to speech recognition: one network, and one format of recordings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

from speech_on_disk import problems, recordings, rows
from suite.data import Dataset
from suite.options import Meta
from suite_speech_recognition.api import (
    RecognitionOptions,
    Utterances,
    frame_samples,
    front,
    front_arguments,
    is_recording,
    list_files,
    outputs,
    pipeline,
)
from suite_speech_recognition.samples import sample


class PlainOptions(RecognitionOptions, frozen=True):
    units: Annotated[int, Meta(ge=8, description="width of the recurrent layer")] = 16


def network(rate, symbols, options):
    import keras

    audio, samples, x = front(rate, **front_arguments(options))
    x = keras.layers.LSTM(options.units, return_sequences=True)(x)
    x = outputs(x, samples, symbols, frame_samples(rate))
    return keras.Model({"audio": audio, "samples": samples}, x)


@pytest.mark.backend
def test_a_network_needs_only_its_own_layers():
    built = pipeline(sample(), PlainOptions(), network, defaults={"mels": 20}, recipe={"epochs": 3})
    assert "auto" not in [getattr(built.options, name) for name in built.options.__struct_fields__]
    assert (built.options.units, built.options.mels, built.options.rate) == (16, 20, 8000)
    assert built.recipe["epochs"] == 3
    examples = [built.batches.prepare(example) for example in sample().train[:2]]
    inputs, targets = built.batches.make(examples, np.random.default_rng(0), 0.0)
    predicted = np.asarray(built.network(inputs))
    assert predicted.shape == (
        2,
        inputs["audio"].shape[1] // built.codec.frame_samples,
        built.codec.alphabet.size,
    )
    assert np.isfinite(np.asarray(built.loss(targets, predicted))).all()
    raw = sample().test[0].input
    encoded = built.codec.encode(raw)
    arrays = {name: array[None] for name, array in encoded.arrays.items()}
    transcript = built.codec.decode(np.asarray(built.network(arrays))[0], encoded.context)
    assert transcript.seconds == pytest.approx(len(raw) / 8000)


def test_options_that_the_user_gives_win_over_defaults():
    built = pipeline(sample(), PlainOptions(mels=12), network, defaults={"mels": 20})
    assert built.options.mels == 12


def without_samples(rate, symbols, options):
    import keras

    audio = keras.Input((None,), name="audio")
    return keras.Model({"audio": audio}, keras.layers.Reshape((-1, symbols))(audio))


def too_wide(rate, symbols, options):
    return network(rate, symbols + 1, options)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (without_samples, "the network has the inputs .*audio"),
        (too_wide, r"the network has outputs of shape"),
    ],
)
def test_a_network_with_other_inputs_or_outputs_is_refused(wrong, problem):
    with pytest.raises(ValueError, match=problem):
        pipeline(sample(), PlainOptions(mels=20), wrong)


def load(path: Path) -> Dataset:
    """Recordings that are named after their text, with a speaker before a hyphen."""
    tree = list_files(path)
    utterances = Utterances()
    for file, name in enumerate(tree.names):
        if is_recording(name):
            speaker, _, text = Path(name).stem.partition("-")
            utterances.add("train", name, file, text, speaker)
    return utterances.dataset(path, tree)


def test_a_format_needs_only_to_say_which_text_belongs_to_which_recording(tmp_path):
    dataset = load(recordings(tmp_path, "ann-yes.wav", "bo-no.wav", "cy-.wav"))
    assert rows(dataset.train) == [("ann-yes.wav", "yes", "ann"), ("bo-no.wav", "no", "bo")]
    assert problems(dataset) == {"1 example with an empty transcript, left out": ["cy-.wav"]}
    assert dataset.groups is not None


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ((1.0, 0.5), "it ends at 0.5 s, but begins at 1 s"),
        ((-1.0, 0.5), "start -1 is no time in seconds"),
        ((0.0, float("nan")), "end nan is no time in seconds"),
    ],
)
def test_bad_times_are_left_out_whoever_gives_them(tmp_path, times, problem):
    tree = list_files(recordings(tmp_path, "a.wav", "b.wav"))
    utterances = Utterances()
    utterances.add("train", "line 1", 0, "a", "", *times)
    utterances.add("train", "line 2", 1, "b")
    assert problems(utterances.dataset(tmp_path, tree)) == {
        "1 example with a bad time range, left out": [f"line 1: {problem}"]
    }


def test_a_split_that_is_none_is_the_loaders_mistake():
    with pytest.raises(ValueError, match="'dev' is no split: train, validation, test are"):
        Utterances().add("dev", "a.wav", 0, "a")


def test_importing_it_is_light():
    program = (
        "import sys, suite_speech_recognition.api;"
        "print([name for name in ('keras', 'tensorflow', 'librosa', 'PIL', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
