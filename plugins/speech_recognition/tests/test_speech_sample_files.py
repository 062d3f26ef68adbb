"""The sample that is written in each format: what is read again is the same, with its splits and sounds."""

import io
from collections import Counter

import numpy as np
import pytest
import soundfile

import suite_speech_recognition
from suite_speech_recognition.samples import RATE, sample

LOADERS = {loader.name: loader for loader in suite_speech_recognition.suite_data_loaders()}
WITHOUT_SPEAKERS = ("id-text", "text-files")


def said(dataset, speakers=True):
    """How often each speaker says each text in each split."""
    return {
        name: Counter(
            (split[index].target["text"], split[index].target.get("speaker") if speakers else None)
            for index in range(len(split))
        )
        for name, split in dataset.splits.items()
    }


@pytest.mark.parametrize("name", LOADERS)
def test_the_sample_is_read_as_it_was_written(name, tmp_path):
    loader, written = LOADERS[name], sample()
    path = loader.write_sample(written, tmp_path)
    assert [other for other, item in LOADERS.items() if item.detect(path)] == [name]
    dataset = loader.load(path, loader.options())
    assert said(dataset) == said(written, speakers=name not in WITHOUT_SPEAKERS)
    assert not [problem for problem in dataset.problems if problem.wrong]
    recordings = [example.input.source for split in dataset.splits.values() for example in split]
    assert len(recordings) == sum(len(split) for split in written.splits.values())
    sounds = [soundfile.read(io.BytesIO(recording.read())) for recording in recordings]
    assert {rate for _, rate in sounds} == {RATE}
    first = written.train[0].input
    assert any(len(sound) == len(first) and np.allclose(sound, first, atol=1e-4) for sound, _ in sounds)


@pytest.mark.parametrize("name", LOADERS)
def test_where_nothing_is_no_loader_recognizes_anything(name, tmp_path):
    assert LOADERS[name].detect(tmp_path / "nowhere") is False
