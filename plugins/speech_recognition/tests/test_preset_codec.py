"""Tokens of presets to text, prompts, and cutting long recordings where it is quiet; without keras-hub."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_speech_recognition.chunks import ChunksAtPauses
from suite_speech_recognition.presets.codec import PresetCodec
from suite_speech_recognition.presets.options import PresetTranscriptionOptions
from suite_speech_recognition.types import Transcript

RATE = 1000

# As GPT-2 writes it: "Ġ" is a space, "ä½ł" are the three bytes of 你.
BYTES = ("Ġhello", "Ġthere", "ä½ł", "å¥", "½", "!", "", "", "", "", "")
END, START, TRANSCRIBE, TRANSLATE, ENGLISH = 6, 7, 8, 9, 10
PIECES = ("", "", "", "▁good", "▁day", "s", "<0xE4>", "<0xBD>", "<0xA0>", "▁")


def bytes_codec(**changes) -> PresetCodec:
    fields = {
        "rate": RATE,
        "lengths": (1000, 3000),
        "tokens": BYTES,
        "form": "bytes",
        "prompt": (START, -1, TRANSCRIBE),
        "end": END,
        "steps": 8,
        "languages": {"en": ENGLISH},
        "translate": TRANSLATE,
    }
    return PresetCodec(**fields | changes)


def pieces_codec() -> PresetCodec:
    return bytes_codec(tokens=PIECES, form="pieces", prompt=(1,), end=2, languages={}, translate=-1)


def outputs(tokens: list[int], probability: float = 0.5) -> np.ndarray:
    return np.array([(token, np.log(probability)) for token in tokens], np.float32)


def test_tokens_of_bytes_become_text_also_where_a_character_is_in_two_tokens():
    codec = bytes_codec()
    assert codec.decode(outputs([0, 1, 5, END, END]), (0.0, 2.0)).text == "hello there!"
    assert codec.decode(outputs([2, 3, 4, END]), (0.0, 2.0)).text == "你好"
    assert codec.decode(outputs([3, END]), (0.0, 2.0)).text == "\ufffd"  # half of a character


def test_pieces_become_text_and_their_bytes_too():
    codec = pieces_codec()
    assert codec.decode(outputs([3, 4, 5, 2]), (0.0, 1.0)).text == "good days"
    assert codec.decode(outputs([9, 6, 7, 8, 2]), (0.0, 1.0)).text == "你"


def test_text_ends_at_the_first_end_and_what_is_no_text_says_nothing():
    codec = bytes_codec()
    assert codec.decode(outputs([0, ENGLISH, 1, END, 5, 5]), (0.0, 2.0)).text == "hello there"
    assert codec.decode(outputs([0, 1]), (0.0, 2.0)).text == "hello there"  # as much as could be written
    assert codec.decode(outputs([END]), (0.0, 2.0)) == Transcript(text="", seconds=2.0)


def test_the_confidence_is_the_geometric_mean_of_the_tokens_probabilities_with_the_end():
    written = np.array([[0, np.log(0.5)], [END, np.log(0.125)], [END, 0.0]], np.float32)
    transcript = bytes_codec().decode(written, (0.0, 2.5))
    assert transcript.confidence == pytest.approx(0.25)
    assert (transcript.words, transcript.seconds) == ([], 2.5)


def test_outputs_that_do_not_belong_to_the_codec_are_a_defect():
    codec = bytes_codec()
    with pytest.raises(ValueError, match=r"\(3, 4\) instead of \(tokens, 2\)"):
        codec.decode(np.zeros((3, 4)), (0.0, 1.0))
    with pytest.raises(ValueError, match="NaN"):
        codec.decode(np.full((3, 2), np.nan), (0.0, 1.0))


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-10, 20), st.floats(-50, 0)), max_size=9))
def test_whatever_tokens_come_there_is_a_transcript(rows):
    for codec in (bytes_codec(), pieces_codec()):
        transcript = codec.decode(np.array(rows, np.float32).reshape(-1, 2), (0.0, 1.0))
        assert transcript.text == " ".join(transcript.text.split())


def test_a_recording_is_padded_and_goes_with_the_prompt():
    encoded = bytes_codec().encode(np.ones(1200, np.float32) / 2)
    assert encoded.arrays["audio"].shape == (3000,)
    assert encoded.arrays["samples"] == 1200
    assert encoded.arrays["tokens"].tolist() == [START, -1, TRANSCRIBE]
    assert encoded.arrays["tokens"].dtype == np.int32
    assert encoded.context == (0.0, 1.2)


def test_what_is_shorter_than_a_tenth_of_a_second_is_heard_with_silence_after_it():
    encoded = bytes_codec().encode(np.ones(7, np.float32))
    assert encoded.arrays["samples"] == 100
    assert encoded.context == (0.0, 0.007)


def test_language_and_task_can_be_chosen_at_prediction_where_the_preset_knows_several():
    codec = bytes_codec()
    chosen = codec.with_options(PresetTranscriptionOptions(language="en", translate=True))
    assert chosen.prompt == (START, ENGLISH, TRANSLATE)
    assert chosen.with_options(PresetTranscriptionOptions(language="auto")).prompt[1] == -1
    assert codec.with_options(PresetTranscriptionOptions()) == codec
    with pytest.raises(UserError, match="knows no language 'eng'.*en"):
        codec.with_options(PresetTranscriptionOptions(language="eng"))
    with pytest.raises(UserError, match="only one language"):
        pieces_codec().with_options(PresetTranscriptionOptions(language="en"))
    assert pieces_codec().with_options(PresetTranscriptionOptions()) == pieces_codec()


def test_the_codec_is_the_same_from_its_json():
    for codec in (bytes_codec(), pieces_codec()):
        assert PresetCodec.from_json(json.loads(json.dumps(codec.to_json()))) == codec
    assert bytes_codec().scoring_facts()["normalization"]["case"] == "lower"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end": 11}, "its end token 11"),
        ({"steps": 0}, "writes none"),
        ({"prompt": [START, 99]}, "its prompt"),
        ({"prompt": [START]}, "no position for a language"),
        ({"languages": {"en": 77}}, "languages or tasks"),
        ({"lengths": [3000, 1000]}, "rise"),
        ({"form": "words"}, "words"),
        ({"more": 1}, "more"),
    ],
)
def test_a_description_that_cannot_be_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        PresetCodec.from_json(bytes_codec().to_json() | changes)


def test_an_exported_network_has_to_write_the_same_tokens():
    outputs = np.array([[3, -0.5], [END, -0.25]], np.float32)
    assert bytes_codec().comparable(outputs) is outputs
    assert bytes_codec().export_tolerance == 1e-4


def noise_with_pauses(seconds: float, pauses: list[float]) -> np.ndarray:
    audio = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    for pause in pauses:
        audio[round((pause - 0.15) * RATE) : round((pause + 0.15) * RATE)] *= 0.01
    return audio


def test_a_long_recording_is_cut_in_its_pauses_into_chunks_that_follow_each_other():
    codec = bytes_codec()
    assert codec.chunks(noise_with_pauses(3.0, [])) is None
    audio = noise_with_pauses(7.0, [2.45, 4.55])
    cut = codec.chunks(audio)
    chunks = list(cut)
    assert len(chunks) == cut.total == 3
    assert (chunks[0].start, chunks[-1].end) == (0.0, 7.0)
    assert [chunk.end for chunk in chunks[:-1]] == [chunk.start for chunk in chunks[1:]]
    assert [chunk.end for chunk in chunks[:-1]] == pytest.approx([2.45, 4.55], abs=0.06)
    assert all(codec.encode(chunk).context[0] == chunk.start for chunk in chunks)
    assert codec.chunks(chunks[0]) is None


@settings(deadline=None)
@given(seconds=st.floats(3.01, 100), seed=st.integers(0, 99), longest=st.sampled_from([1.0, 3.0, 30.0]))
def test_chunks_are_never_longer_than_what_is_heard_at_once(seconds, seed, longest):
    if seconds <= longest:
        return
    audio = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 100)).astype(np.float32)
    cut = ChunksAtPauses(audio, 100, len(audio) / 100, longest)
    chunks = list(cut)
    assert len(chunks) == cut.total
    assert all(0 < chunk.end - chunk.start <= longest + 1e-6 for chunk in chunks)
    assert sum(chunk.end - chunk.start for chunk in chunks) == pytest.approx(len(audio) / 100)


def test_where_all_is_equally_quiet_the_cut_is_in_the_middle():
    chunks = list(ChunksAtPauses(np.zeros(4000, np.float32), RATE, 4.0, 3.0))
    assert [chunk.end for chunk in chunks] == pytest.approx([2.0, 4.0], abs=0.01)


def test_transcripts_of_chunks_are_put_together_with_spaces_where_the_script_has_them():
    cut = ChunksAtPauses(np.zeros(9000, np.float32), RATE, 9.0, 3.0)
    said = [
        Transcript(text="good day", confidence=0.5),
        Transcript(text=""),
        Transcript(text="你", confidence=1.0),
        Transcript(text="好"),
    ]
    merged = cut.merge(said)
    assert merged.text == "good day 你好"
    assert merged.confidence == pytest.approx(0.75)
    assert merged.seconds == 9.0
    assert cut.merge([Transcript(text="")] * 4) == Transcript(text="", seconds=9.0)
