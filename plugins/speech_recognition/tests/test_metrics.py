"""Scores of transcripts: those of jiwer, resampled, by speaker and by length, in any script."""

from __future__ import annotations

import math
import time

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import suite
import suite_speech_recognition
from suite.contributions import Contributed
from suite.evaluation.prediction_files import paired, read_predictions
from suite.evaluation.scoring import score
from suite.evaluation.types import Pairs
from suite.options import NoOptions
from suite_speech_recognition.evaluator import transcription
from suite_speech_recognition.types import Transcript


def pairs_of(*texts: tuple[str, str], speakers=(), seconds=None, facts=None) -> Pairs:
    targets = [{"text": said} for said, _ in texts]
    for target, speaker in zip(targets, speakers, strict=False):
        target["speaker"] = speaker
    predictions = [
        Transcript(text=heard, seconds=None if seconds is None else seconds[index])
        for index, (_, heard) in enumerate(texts)
    ]
    return Pairs(targets, predictions, [f"{n}.wav" for n in range(len(texts))], facts=facts or {})


def numbers(pairs: Pairs, indices=None) -> dict[str, float]:
    chosen = np.arange(len(pairs)) if indices is None else np.asarray(indices)
    return dict(transcription(pairs, NoOptions()).score(chosen))


def evaluators() -> list[Contributed]:
    return suite.Host(suite_speech_recognition, discover=False).evaluators("speech-recognition")


@pytest.mark.parametrize(
    ("texts", "wer", "cer"),
    [
        # The examples of jiwer's documentation.
        ([("hello world", "hello duck")], 1 / 2, 5 / 11),
        ([("hello world", "hello duck"), ("i like monthy python", "i like python")], 1 / 3, 12 / 31),
        (
            [
                ("short one here", "shoe order one"),
                ("quite a bit of longer sentence", "quite bit of an even longest sentence here"),
            ],
            8 / 9,
            None,
        ),
    ],
)
def test_the_examples_of_jiwer(texts, wer, cer):
    found = numbers(pairs_of(*texts))
    assert found["wer"] == pytest.approx(wer)
    if cer is not None:
        assert found["cer"] == pytest.approx(cer)


def test_the_word_error_rate_is_the_sum_of_its_kinds():
    found = numbers(pairs_of(("the cat sat down", "cat sits down here"), ("so", "so")))
    assert found["wer"] == pytest.approx(3 / 5)
    assert [found[f"{kind}_rate"] for kind in ("substitution", "insertion", "deletion")] == [0.2, 0.2, 0.2]
    assert found["sentence_error"] == 0.5


WORDS = st.lists(st.sampled_from(["one", "two", "three", "tree", "o"]), max_size=6).map(" ".join)


@pytest.mark.slow
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8), st.data())
def test_scores_of_all_and_of_any_resample_equal_jiwer_on_the_same_utterances(texts, data):
    pairs = pairs_of(*texts)
    chosen = data.draw(st.lists(st.sampled_from(range(len(texts))), min_size=1, max_size=12))
    evaluation = transcription(pairs, NoOptions())
    for indices in (list(range(len(texts))), chosen):
        said, heard = zip(*(texts[index] for index in indices), strict=True)
        found = evaluation.score(np.array(indices))
        if any(said):
            assert found["wer"] == pytest.approx(jiwer.wer(list(said), list(heard)))
            assert found["cer"] == pytest.approx(jiwer.cer(list(said), list(heard)))
            assert found["wer"] == pytest.approx(
                found["substitution_rate"] + found["insertion_rate"] + found["deletion_rate"]
            )
        else:
            assert math.isnan(found["wer"])
        assert found["sentence_error"] == np.mean(
            [reference != hypothesis for reference, hypothesis in zip(said, heard, strict=True)]
        )


@pytest.mark.slow
def test_a_thousand_resamples_of_ten_thousand_utterances_take_seconds():
    evaluation = transcription(pairs_of(*[("one two three", "one too three four")] * 10_000), NoOptions())
    indices = np.random.default_rng(0).integers(0, 10_000, 10_000)
    start = time.process_time()
    for _ in range(100):
        evaluation.score(indices)
    assert time.process_time() - start < 1


def test_texts_are_compared_as_the_model_writes_them():
    texts = ("It's  HERE!", "it's here")
    assert numbers(pairs_of(texts))["wer"] == 0
    kept = {"normalization": {"case": "keep", "punctuation": "keep"}}
    assert numbers(pairs_of(texts, facts=kept))["wer"] == 1


def test_a_target_may_be_its_bare_text():
    assert numbers(Pairs(["one"], [Transcript(text="two")], ["a"]))["wer"] == 1


@pytest.mark.parametrize("target", [None, 5, {"words": "one"}, {"text": None}])
def test_a_target_that_is_no_text_is_the_users_mistake(target):
    with pytest.raises(suite.UserError, match=r"'a\.wav': the target is no transcript"):
        transcription(Pairs([target], [Transcript(text="")], ["a.wav"]), NoOptions())


def test_a_speaker_that_is_no_text_is_the_users_mistake():
    with pytest.raises(suite.UserError, match=r"'a\.wav': the target has a speaker that is no text"):
        transcription(Pairs([{"text": "a", "speaker": {}}], [Transcript(text="")], ["a.wav"]), NoOptions())


def test_in_chinese_each_character_is_a_word_and_spaces_count_for_nothing():
    found = numbers(pairs_of(("今天天气、很好。", "今天 天汽很好")))
    assert found["wer"] == found["cer"] == pytest.approx(1 / 6)
    assert numbers(pairs_of(("你好 世界", "你好世界"))) == numbers(pairs_of(("你好", "你好")))


def test_what_is_heard_in_silence_counts_as_inserted():
    pairs = pairs_of(("", "oh no"), ("one two", "one two"), ("", ""))
    assert numbers(pairs)["wer"] == numbers(pairs)["insertion_rate"] == 1
    assert numbers(pairs)["sentence_error"] == pytest.approx(1 / 3)
    assert "2 times" in transcription(pairs, NoOptions()).notes["wer"]


def test_where_all_references_are_empty_rates_are_left_out_and_it_is_said_why():
    pairs = pairs_of(("", "oh"), ("", ""))
    found = score(evaluators(), pairs, intervals=True)
    assert found.numbers == {"sentence_error": 0.5}
    assert "cer: left out, all references are empty" in found.notes


def test_all_rates_have_intervals():
    pairs = pairs_of(*[("one two", "one two"), ("three", "tree"), ("four", ""), ("five", "five six")] * 5)
    found = score(evaluators(), pairs, intervals=True)
    assert set(found.intervals) == set(found.numbers)
    low, high = found.intervals["cer"]
    assert low < found.numbers["cer"] < high


def test_each_speaker_has_numbers():
    pairs = pairs_of(("one", "one"), ("two", "too"), ("", ""), ("six", "six"), speakers=("ann", "bob", "cy"))
    speakers = transcription(pairs, NoOptions()).details()["speakers"]
    assert list(speakers) == ["(not known)", "ann", "bob", "cy"]
    assert speakers["bob"] == {
        "cer": pytest.approx(1 / 3), "wer": 1.0, "sentence_error": 1.0, "substitution_rate": 1.0,
        "insertion_rate": 0.0, "deletion_rate": 0.0, "utterances": 1, "substitutions": 1, "insertions": 0,
        "deletions": 0, "words": 1,
    }  # fmt: skip
    assert speakers["cy"] == {
        "sentence_error": 0.0, "utterances": 1, "substitutions": 0, "insertions": 0, "deletions": 0,
        "words": 0,
    }  # fmt: skip
    assert "speakers" not in transcription(pairs_of(("one", "one")), NoOptions()).details()


def test_utterances_are_grouped_by_the_length_of_their_recordings():
    pairs = pairs_of(("one", "one"), ("two", "too"), ("six", "six"), seconds=[0.5, 1.5, 100])
    lengths = transcription(pairs, NoOptions()).details()["lengths"]
    assert {name: row["wer"] for name, row in lengths.items()} == {
        "up to 1 s": 0,
        "1 to 2 s": 1,
        "over 60 s": 0,
    }


def test_where_lengths_are_not_known_utterances_are_grouped_by_their_words():
    texts = [("", ""), ("one", "one"), ("one two", ""), ("a " * 5, "a"), ("a " * 41, "a")]
    lengths = transcription(pairs_of(*texts, seconds=[1, 1, 1, 1, None]), NoOptions()).details()["lengths"]
    assert {name: row["utterances"] for name, row in lengths.items()} == {
        "no word": 1, "1 word": 1, "2 to 5 words": 2, "over 40 words": 1,
    }  # fmt: skip


def test_files_of_predictions_may_hold_bare_text(tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_text(
        '{"id": "a", "prediction": "hello duck", "target": "hello world"}\n'
        '{"id": "b", "prediction": {"text": "yes"}, "target": {"text": "Yes.", "speaker": "ann"}}\n',
        encoding="utf-8",
    )
    task = suite.Host(suite_speech_recognition, discover=False).task("speech-recognition")
    pairs = paired(read_predictions(path, task), None, {}, str(path))
    assert numbers(pairs)["wer"] == pytest.approx(1 / 3)
