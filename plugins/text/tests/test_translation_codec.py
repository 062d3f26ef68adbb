"""Between texts and arrays: what the network is given, and what becomes of what it finds."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Example
from suite_text.reading.lines import Line
from suite_text.tokens.vocabulary import END, PADDING, START, Vocabulary
from suite_text.translation.batches import TranslationBatches
from suite_text.translation.chunks import cut
from suite_text.translation.codec import TranslationCodec
from suite_text.translation.options import TranslationOptions
from suite_text.translation.types import Translation

TEXTS = ["Ein Mann schläft.", "Zwei Hunde laufen.", "A man sleeps.", "Two dogs run."] * 3
CODEC = TranslationCodec(vocabulary=Vocabulary.learn(TEXTS, "bpe", 330), lengths=(4, 8, 16), source="en")


def outputs(text, places=12, score=-0.5):
    """What a network gives that is as sure of everything."""
    ids = [*CODEC.vocabulary.encode(text), END]
    found = np.zeros((places, 2), np.float32)
    found[:, 0] = END
    found[: len(ids), 0] = ids
    found[: len(ids), 1] = score
    return found


def test_a_text_becomes_padded_tokens_and_what_the_search_is_to_do():
    encoded = CODEC.encode("A man sleeps.")
    ids = CODEC.vocabulary.encode("A man sleeps.")
    assert encoded.arrays["source"].dtype == np.int32
    assert encoded.arrays["source"].tolist()[: len(ids)] == ids
    assert set(encoded.arrays["source"].tolist()[len(ids) :]) <= {PADDING}
    assert encoded.arrays["search"].tolist() == [4.0, 1.0]
    assert encoded.context == 0


def test_lines_bytes_and_texts_that_are_not_clean_are_encoded_alike():
    expected = CODEC.encode("A man sleeps.").arrays["source"].tolist()
    for raw in (Line("A man sleeps.", "a.txt:1"), b"\xef\xbb\xbfA man sleeps.", "  A man\tsleeps. \x00"):
        assert CODEC.encode(raw).arrays["source"].tolist() == expected


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_text_is_padding_and_its_translation_is_empty(text):
    encoded = CODEC.encode(text)
    assert set(encoded.arrays["source"].tolist()) == {PADDING}
    ends = np.array([[END, 0.0]] * 5, np.float32)
    assert CODEC.decode(ends, encoded.context) == Translation(text="", score=None)


def test_what_was_found_is_text_up_to_its_end_with_its_mean_log_probability():
    found = CODEC.decode(outputs("Ein Mann schläft."), 0)
    assert found.text == str(found) == "Ein Mann schläft."
    assert found.score == pytest.approx(-0.5)


def test_characters_that_training_never_saw_are_counted():
    assert CODEC.decode(outputs("Ein Mann."), CODEC.encode("A ☃ 漢").context).unknown == 2


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (np.zeros((3,), np.float32), "shape"),
        (np.full((3, 2), np.nan, np.float32), "NaN"),
        (np.full((3, 2), 5000, np.float32), "do not belong together"),
    ],
)
def test_outputs_of_another_network_are_refused(broken, message):
    with pytest.raises(ValueError, match=message):
        CODEC.decode(broken, 0)


def test_a_text_that_is_too_long_is_translated_sentence_by_sentence():
    chunks = msgspec.structs.replace(CODEC, max_sentences=9).chunks("A man sleeps. Two dogs run. " * 4)
    assert chunks is not None
    texts = [chunk.text for chunk in chunks]
    assert chunks.total == len(texts) > 1
    assert all(text.endswith(".") for text in texts)
    assert " ".join(texts) == " ".join(["A man sleeps. Two dogs run."] * 4)
    assert all(CODEC.encode(chunk).arrays["source"].size <= 16 for chunk in chunks)


def test_every_sentence_is_translated_by_itself_and_lines_stay_lines():
    chunks = CODEC.chunks("A man sleeps. Two dogs run.\r\n\nTwo dogs run.\n")
    assert [(chunk.text, chunk.line) for chunk in chunks] == [
        ("A man sleeps.", 0), ("Two dogs run.", 0), ("Two dogs run.", 2)
    ]  # fmt: skip
    written = [Translation(text=text) for text in ("Ein Mann schläft.", "Zwei.", "Drei.")]
    assert chunks.merge(written).text == "Ein Mann schläft. Zwei.\nDrei."
    two = msgspec.structs.replace(CODEC, max_sentences=2)
    assert two.chunks("A man sleeps. Two dogs run.") is None
    assert two.chunks("A man sleeps. Two dogs run. A dog.").total == 2


def test_longer_translations_count_for_more_in_the_score():
    chunks = CODEC.chunks("A man sleeps. A man sleeps.")
    merged = chunks.merge(
        [Translation(text="Ein Mann.", score=-1.0), Translation(text="Ein Mann.", score=-3.0)]
    )
    assert merged.text == "Ein Mann. Ein Mann."
    assert merged.score == pytest.approx(-2.0)


def test_a_text_that_fits_has_no_parts():
    assert CODEC.chunks("A man sleeps.") is None
    assert CODEC.chunks("") is None


def test_encoding_what_is_too_long_says_what_to_do():
    with pytest.raises(UserError, match=r"16 at once: set a greater model\.max_length"):
        CODEC.encode("Two dogs run. " * 20)


@pytest.mark.slow
@given(text=st.text("ab .!?。", min_size=1, max_size=60), most=st.integers(1, 10))
def test_chunks_fit_and_hold_everything_but_white_space(text, most):
    pieces = cut(text, lambda piece: len(piece.strip()) <= most)
    assert all(len(piece.strip()) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_sentences_end_with_their_quotation_marks_and_long_ones_are_cut_between_words():
    pieces = cut("“One two.” Three four five six.", lambda piece: len(piece) <= 12)
    assert pieces == ["“One two.”", "Three four", "five six."]
    assert cut("我睡觉。你跑。", lambda piece: len(piece) <= 4) == ["我睡觉。", "你跑。"]


def test_the_beam_and_the_length_penalty_can_be_chosen_at_prediction():
    codec = CODEC.with_options(TranslationOptions(beam=1, length_penalty=0.5))
    assert codec.encode("A man").arrays["search"].tolist() == [1.0, 0.5]
    assert CODEC.with_options(TranslationOptions()) == CODEC
    with pytest.raises(UserError, match=r"more than the 4 .*model\.beam=5"):
        CODEC.with_options(TranslationOptions(beam=5))


def test_it_comes_back_from_json():
    assert TranslationCodec.from_json(CODEC.to_json()) == CODEC


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lengths", []),
        ("lengths", [8, 4]),
        ("lengths", [10**12]),
        ("beam", 9),
        ("beam", 0),
        ("max_beam", 10**9),
    ],
)
def test_a_description_that_cannot_be_is_refused(field, value):
    with pytest.raises(UserError, match="translation codec's description is broken"):
        TranslationCodec.from_json({**CODEC.to_json(), field: value})


def test_a_batch_has_sources_and_translations_that_end_and_are_padded():
    batches = TranslationBatches(CODEC, (4, 8, 17))
    prepared = [
        batches.prepare(Example(str(index), *pair))
        for index, pair in enumerate(
            [("A man sleeps.", "Ein Mann schläft."), ("Two dogs", ["Zwei Hunde", "x"])]
        )
    ]
    inputs, targets = batches.make(prepared, np.random.default_rng(0), 0.0)
    assert inputs["target"] is targets
    assert inputs["source"].dtype == targets.dtype == np.int32
    for row, text in zip(targets.tolist(), ["Ein Mann schläft.", "Zwei Hunde"], strict=True):
        ids = CODEC.vocabulary.encode(text)
        assert row[: len(ids) + 1] == [*ids, END]
        assert set(row[len(ids) + 1 :]) <= {PADDING}
    assert START not in targets


def test_a_pair_that_is_too_long_to_learn_from_is_named_and_what_to_do():
    batches = TranslationBatches(CODEC, (4, 8))
    with pytest.raises(UserError, match=r"train.en:7: the translation has .* training\.unreadable=skip"):
        batches.prepare(Example("train.en:7", "A man", "Zwei Hunde laufen. " * 5))
