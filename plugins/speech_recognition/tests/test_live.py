"""What comes from the standard input and from a microphone."""

from __future__ import annotations

import gc
import io
import sys
import types
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.prediction.inputs import Inputs
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.audio.live import cut_at_pauses
from suite_speech_recognition.codec import SpeechCodec

RATE = 8000
CODEC = SpeechCodec(
    rate=RATE, lengths=(8000, 16000, 40000), frame_samples=160, alphabet=Alphabet(symbols=(" ", "a"))
)


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(np.arange(round(seconds * RATE)) * 0.5)).astype(np.float32)


def room(seconds: float, level: float = 0.001) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, round(seconds * RATE)).astype(np.float32)


def wav(samples: np.ndarray, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind)
    return file.getvalue()


@pytest.fixture
def piped(monkeypatch):
    """Lets the standard input be some bytes."""

    def write(content: bytes, is_terminal: bool = False) -> None:
        stdin = types.SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: is_terminal)
        monkeypatch.setattr(sys, "stdin", stdin)

    return write


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_a_recording_on_the_standard_input_is_one_like_any_other(piped, kind):
    piped(wav(tone(1.5), kind))
    stream = CODEC.open_stream("-")
    (recording,) = stream
    assert (stream.name, stream.total) == ("standard input", 1)
    assert recording.name == "standard input"
    encoded = CODEC.encode(recording)
    assert encoded.arrays["samples"] == 12000
    assert encoded.arrays["audio"].shape == (16000,)


def test_a_long_recording_on_the_standard_input_is_read_in_windows(piped):
    piped(wav(tone(12)))
    (recording,) = CODEC.open_stream("-")
    windows = CODEC.chunks(recording)
    assert [round(CODEC.encode(window).context[0], 6) for window in windows] == [0, 4, 8]


def test_a_wav_whose_writer_could_not_know_its_length_is_read_to_its_end(piped):
    content = bytearray(wav(tone(1.5)))
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    piped(bytes(content))
    (recording,) = CODEC.open_stream("-")
    assert CODEC.encode(recording).arrays["samples"] == 12000


@pytest.mark.slow
def test_the_copy_goes_away_with_the_recording(piped):
    piped(wav(tone(0.5)))
    (recording,) = CODEC.open_stream("-")
    path = recording.source.path
    assert path.exists()
    del recording
    gc.collect()
    assert not path.exists()


def test_nothing_on_the_standard_input_and_a_terminal_are_one_sentence_each(piped):
    piped(b"")
    with pytest.raises(UserError, match="^the standard input is empty"):
        list(CODEC.open_stream("-"))
    piped(b"", is_terminal=True)
    with pytest.raises(UserError, match=r"predict RUN - < talk.wav"):
        list(CODEC.open_stream("-"))


def test_what_is_no_recording_on_the_standard_input_is_said_without_the_name_of_its_copy(piped):
    piped(b"hello, I am text")
    with pytest.raises(UserError, match="^what came from the standard input is no recording"):
        list(CODEC.open_stream("-"))


def test_words_on_the_command_line_that_mean_nothing_live_are_no_streams():
    assert [CODEC.open_stream(word) for word in ("0", "microphones", "microphone:x", "talk.wav")] == [
        None
    ] * 4


def test_the_host_asks_for_the_standard_input_by_a_dash(piped):
    piped(wav(tone(0.5)))
    inputs = Inputs(["-"], CODEC)
    assert inputs.streams
    assert [recording.name for recording in inputs] == ["standard input"]


class FakeSounddevice(types.ModuleType):
    """What the plugin uses of the package, hearing what a test says."""

    class PortAudioError(Exception):
        pass

    def __init__(self, sound: np.ndarray, rate: int = RATE, devices: int = 1) -> None:
        super().__init__("sounddevice")
        self.sound, self.rate, self.devices = sound, rate, devices
        fake = self

        class InputStream:
            def __init__(self, samplerate, device, channels, dtype, callback):
                assert (samplerate, channels, dtype) == (fake.rate, 1, "float32")
                self.callback = callback

            def __enter__(self):
                for start in range(0, len(fake.sound), 777):
                    self.callback(fake.sound[start : start + 777, None], None, None, None)
                return self

            def __exit__(self, *_):
                fake.closed = True

        self.InputStream = InputStream

    def query_devices(self, device, kind):
        if self.devices == 0 or (device or 0) >= self.devices:
            raise ValueError("Error querying device -1\nmore")
        return {"default_samplerate": float(self.rate)}

    def check_input_settings(self, device, channels, dtype, samplerate):
        if samplerate != self.rate:
            raise self.PortAudioError("Invalid sample rate")


@pytest.fixture
def hears(monkeypatch):
    def install(*arguments, **settings_) -> FakeSounddevice:
        fake = FakeSounddevice(*arguments, **settings_)
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        monkeypatch.setattr("suite_speech_recognition.audio.microphone._WAIT", 0.01)
        return fake

    return install


def taken(stream) -> list:
    """The utterances up to where the fake microphone falls silent, which is an error."""
    found = []
    with pytest.raises(UserError, match="microphone.* gives no more sound: is it still connected"):
        found.extend(stream)
    return found


def test_a_microphone_gives_what_is_said_between_pauses(hears):
    fake = hears(np.concatenate([room(1), tone(0.5), room(2), tone(0.7), room(0.2), tone(0.3), room(1)]))
    stream = CODEC.open_stream("microphone")
    assert (stream.name, stream.total, stream.live) == ("microphone", None, True)
    first, second = taken(stream)
    assert (first.name, second.name) == ("microphone 00:00", "microphone 00:03")
    assert first.start == pytest.approx(0.7, abs=0.05)
    assert len(second.samples) / RATE == pytest.approx(0.3 + 0.7 + 0.2 + 0.3 + 0.3, abs=0.1)
    assert fake.closed
    assert CODEC.chunks(second) is None
    encoded = CODEC.encode(second)
    assert encoded.context[:2] == (pytest.approx(second.start), len(second.samples) / RATE)


def test_a_microphone_with_another_rate_is_resampled(hears):
    sound = np.concatenate([room(1), tone(0.5), room(2)])
    hears(np.repeat(sound, 2), rate=2 * RATE)
    (only,) = taken(CODEC.open_stream("microphone"))
    assert len(only.samples) / RATE == pytest.approx(1.1, abs=0.1)


def test_no_microphone_and_no_package_are_one_sentence_each(hears, monkeypatch):
    hears(tone(1), devices=2)
    assert CODEC.open_stream("microphone:1").name == "microphone:1"
    with pytest.raises(UserError, match="there is no microphone:2 to listen to: error querying device"):
        CODEC.open_stream("microphone:2")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UserError, match=r"pip install 'suite-speech-recognition\[microphone\]'"):
        CODEC.open_stream("microphone")


def blocks(sound: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    cuts = np.cumsum(sizes)
    return np.split(sound, cuts[cuts < len(sound)])


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@example([(1.4375, 0.25), (3.0, 1.0)], [])
@given(
    st.lists(st.tuples(st.floats(0.1, 4), st.floats(0.05, 2)), max_size=6),
    st.lists(st.integers(1, 3000), max_size=200),
)
def test_everything_loud_is_in_one_utterance_and_none_is_too_long(spoken, sizes):
    sound = np.concatenate([room(0.5), *(part for a, b in spoken for part in (tone(a), room(b))), room(1)])
    found = list(cut_at_pauses(blocks(sound, sizes), RATE, 5.0, "test"))
    assert all(0 < len(utterance.samples) <= 5 * RATE for utterance in found)
    for utterance, after in pairwise(found):
        assert round(utterance.start * RATE) + len(utterance.samples) <= round(after.start * RATE) + 1
    in_utterance = np.zeros(len(sound) + RATE, bool)
    for utterance in found:
        start = round(utterance.start * RATE)
        in_utterance[start : start + len(utterance.samples)] = True
        inside = sound[start : start + len(utterance.samples)]
        np.testing.assert_array_equal(utterance.samples[: len(inside)], inside)
    assert in_utterance[: len(sound)][np.abs(sound) > 0.1].all()


def test_noise_of_a_room_and_a_click_are_no_utterances():
    sound = room(5, 0.02)
    assert list(cut_at_pauses([sound], RATE, 5.0, "test")) == []
    quiet = room(3)
    quiet[8000:8100] = 0.5
    assert list(cut_at_pauses([quiet], RATE, 5.0, "test")) == []
    assert list(cut_at_pauses([], RATE, 5.0, "test")) == []


def test_a_fan_that_is_switched_on_becomes_part_of_the_room():
    sound = np.concatenate([room(1, 0.001), room(60, 0.01), tone(0.5), room(2, 0.01)])
    found = list(cut_at_pauses([sound], RATE, 5.0, "test"))
    assert found[-1].start == pytest.approx(60.7, abs=0.1)
    assert sum(len(utterance.samples) for utterance in found[:-1]) / RATE < 20


def test_what_is_said_without_a_pause_is_cut_at_a_quiet_place():
    said = np.concatenate([room(0.5), *[part for _ in range(10) for part in (tone(0.9), room(0.1))]])
    found = list(cut_at_pauses([said], RATE, 5.0, "test"))
    assert len(found) >= 3
    for utterance in found[:-1]:
        assert np.abs(utterance.samples[-80:]).max() < 0.01
