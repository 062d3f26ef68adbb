"""Texts to numbers, and logits to classifications."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_classification.types import Classification
from suite_text.classification.codec import Chunk, ClassificationCodec
from suite_text.classification.options import PredictionOptions
from suite_text.classification.readers.bags import NGramReader
from suite_text.classification.readers.hashed_words import HashedWords
from suite_text.classification.readers.ngrams import NGrams
from suite_text.classification.readers.tokens import TokenReader
from suite_text.classification.readers.word_parts import MAX_PARTS, WordParts
from suite_text.reading.lines import Line
from suite_text.tokens.vocabulary import Vocabulary

TEXTS = ["the cat sat on the mat", "a dog barks", "the dog sat", "cats and dogs"]
CLASSES = ("bad", "good")


def bag(**changes) -> ClassificationCodec:
    ngrams, _ = NGrams.learn(TEXTS, words=2, characters=(2, 3))
    reader = NGramReader(
        ngrams=ngrams,
        lengths=(16, 64, len(ngrams) + 3),
        words=HashedWords.learn(TEXTS),
        word_lengths=(4, 8),
        parts=WordParts.learn(TEXTS),
    )
    return ClassificationCodec(**{"classes": CLASSES, "reader": reader} | changes)


def tokens(longest: int = 8, **changes) -> ClassificationCodec:
    vocabulary = Vocabulary.learn(TEXTS, "words", 50)
    reader = TokenReader(vocabulary=vocabulary, lengths=(4, longest))
    return ClassificationCodec(**{"classes": CLASSES, "reader": reader} | changes)


CODECS = {"bag": bag, "tokens": tokens}


@pytest.fixture(params=sorted(CODECS))
def make(request):
    return CODECS[request.param]


@pytest.mark.slow
@given(st.text())
def test_any_text_is_encoded_to_one_of_a_few_lengths(text):
    found = bag().encode(text)
    assert {name: array.dtype.name for name, array in found.items()} == dict.fromkeys(
        ("ngrams", "words", "parts"), "int32"
    )
    assert len(found["ngrams"]) in bag().reader.lengths
    assert len(found["words"]) in (4, 8)
    assert found["parts"].shape == (len(found["words"]), MAX_PARTS)
    assert len(tokens().encode(text)["tokens"]) in (4, 8)


def test_an_empty_text_is_padding(make):
    for array in make().encode("").values():
        assert not array.any()


def test_texts_lines_bytes_and_files_are_read_alike(make, tmp_path):
    codec = make()
    (tmp_path / "a.txt").write_text("The dog  sat", encoding="utf-8")
    expected = codec.encode("The dog sat")
    for raw in (Line("The dog sat ", "a.txt:1"), b"The dog sat", tmp_path / "a.txt"):
        for name, array in codec.encode(raw).items():
            assert array.tolist() == expected[name].tolist()
    with pytest.raises(UserError, match="no text"):
        codec.encode(7)


def test_a_bag_holds_all_of_a_book():
    codec = bag()
    assert codec.chunks(" ".join(TEXTS * 1000)) is None
    assert np.count_nonzero(codec.encode(" ".join(TEXTS * 1000))["ngrams"]) >= np.count_nonzero(
        codec.encode(" ".join(TEXTS))["ngrams"]
    )


def test_a_long_text_is_read_in_chunks_that_together_are_all_of_it():
    codec = tokens()
    text = " ".join(TEXTS * 3)
    chunks = codec.chunks(text)
    assert codec.chunks("the dog sat") is None
    found = [codec.encode(chunk) for chunk in chunks]
    assert len(found) == chunks.total == 6
    read = np.concatenate([encoded.arrays["tokens"][encoded.arrays["tokens"] > 0] for encoded in found])
    assert (read == codec.read(text)["tokens"]).all()
    assert codec.chunks(next(iter(chunks))) is None
    assert (codec.encode(text)["tokens"] == codec.read(text)["tokens"][:8]).all()


def test_the_scores_of_chunks_are_averaged():
    predictions = [
        Classification(label="bad", scores={"bad": 0.6, "good": 0.4}),
        Classification(label="good", scores={"bad": 0.1, "good": 0.9}),
    ]
    merged = tokens().chunks(" ".join(TEXTS * 3)).merge(predictions)
    assert merged.label == "good"
    assert merged.scores == pytest.approx({"bad": 0.35, "good": 0.65})
    several = tokens(multi_label=True).chunks(" ".join(TEXTS * 3)).merge(predictions)
    assert several.label == ["good"]


def test_logits_become_probabilities(make):
    found = make().decode(np.array([0.0, np.log(3)]))
    assert found.label == "good"
    assert found.scores == pytest.approx({"bad": 0.25, "good": 0.75})
    several = make(multi_label=True).decode(np.array([-1.0, -2.0]))
    assert several.label == []
    with pytest.raises(ValueError, match="network"):
        make().decode(np.zeros(3))


def test_targets_are_those_of_the_classes(make):
    assert make().target("good").tolist() == [0, 1]
    assert make().target(["bad", "good"]).tolist() == [1, 1]
    with pytest.raises(UserError, match="none of the 2 classes"):
        make().target("ugly")


def test_words_on_the_command_line_are_texts_and_files_are_read_line_by_line(make, tmp_path):
    from suite.sources import FileSource

    codec = make()
    assert codec.accepts_text
    assert codec.open_stream("a dog") is None
    file = tmp_path / "two.txt"
    file.write_text("a dog\nthe cat\n", encoding="utf-8")
    assert [line.text for line in codec.open_stream(FileSource(file))] == ["a dog", "the cat"]
    whole = codec.with_options(PredictionOptions(whole_files=True))
    assert len(list(whole.open_stream(FileSource(file)))) == 1


def test_json_holds_all_of_it(make):
    codec = make(multi_label=True)
    again = ClassificationCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert again == codec
    for name, array in again.encode("the dog barks").items():
        assert (array == codec.encode("the dog barks")[name]).all()


@pytest.mark.parametrize(
    "change",
    [{"classes": []}, {"classes": ["a", "a"]}, {"reader": {}}, {"reader": {"type": "x"}}, {"x": 1}],
)
def test_broken_json_is_refused(make, change):
    with pytest.raises(UserError, match="codec's description is broken"):
        ClassificationCodec.from_json(make().to_json() | change)


@pytest.mark.parametrize("lengths", [[8, 4], [], [4], [10**12]])
def test_lengths_that_do_not_rise_or_do_not_suffice_are_refused(lengths):
    json_ = bag().to_json()
    with pytest.raises(UserError, match="length"):
        ClassificationCodec.from_json(json_ | {"reader": json_["reader"] | {"lengths": lengths}})


def test_a_chunk_is_encoded_as_it_is():
    chunk = Chunk({"tokens": np.array([5, 4], np.int32)})
    assert tokens().encode(chunk).arrays["tokens"].tolist() == [5, 4, 0, 0]
