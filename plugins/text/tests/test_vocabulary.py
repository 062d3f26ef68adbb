"""Vocabularies: what is learned, that text comes back, and that nothing is taken for what it is not."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_text.tokens.vocabulary import BYTES, END, PADDING, SPECIAL, START, UNKNOWN, Vocabulary

TEXTS = [
    "Ein kleines Mädchen klettert in ein Spielhaus aus Holz.",
    "Ein Mann klettert auf ein Haus.",
    "A little girl climbs into a wooden playhouse.",
    "A man climbs onto a house.",
    "漢字かな交じり文です。",
    "漢字の文です。",
] * 3

SUBWORDS = [Vocabulary.learn(TEXTS, kind, 420) for kind in ("bpe", "unigram")]  # type: ignore[arg-type]
WORDS = Vocabulary.learn(TEXTS, "words", 100)
CHARACTERS = Vocabulary.learn(TEXTS, "characters", 100)
ALL = [*SUBWORDS, WORDS, CHARACTERS]


def kind_of(vocabulary: Vocabulary) -> str:
    return vocabulary.kind


@pytest.mark.parametrize("vocabulary", SUBWORDS, ids=kind_of)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_subwords_give_back_any_text_with_every_space_and_every_character(vocabulary, text):
    assert vocabulary.decode(vocabulary.encode(text)) == text


@pytest.mark.parametrize("vocabulary", ALL, ids=kind_of)
@given(text=st.text() | st.sampled_from([*SPECIAL, *BYTES, "a<end>b <0x41>", "\ud800"]))
def test_no_text_is_encoded_to_a_special_token_but_the_unknown_one(vocabulary, text):
    ids = vocabulary.encode(text)
    assert not {PADDING, START, END} & set(ids)
    assert (UNKNOWN in ids) <= bool(vocabulary.unknown(text))
    assert all(0 <= index < len(vocabulary) for index in ids)


@pytest.mark.parametrize("vocabulary", ALL, ids=kind_of)
def test_many_texts_are_encoded_as_each_alone_and_an_empty_one_is_nothing(vocabulary):
    texts = ["", *TEXTS[:6], "völlig Neues ☃"]
    assert vocabulary.encode_batch(texts) == [vocabulary.encode(text) for text in texts]
    assert vocabulary.encode("") == []
    assert vocabulary.decode([]) == ""


@pytest.mark.parametrize("vocabulary", ALL, ids=kind_of)
def test_it_comes_back_from_json_and_encodes_alike(vocabulary):
    json = msgspec.json.encode(vocabulary)
    assert msgspec.json.decode(json, type=Vocabulary).encode(TEXTS[0]) == vocabulary.encode(TEXTS[0])


@pytest.mark.parametrize("vocabulary", SUBWORDS, ids=kind_of)
def test_a_character_that_was_never_seen_is_written_by_its_bytes_and_counted_once(vocabulary):
    assert len(vocabulary.encode("☃")) >= 3
    assert UNKNOWN not in vocabulary.encode("☃")
    assert vocabulary.unknown("Ein ☃.") == ["☃"]
    assert vocabulary.unknown("Ein Mann.") == []


def test_frequent_words_are_one_subword_whether_they_begin_a_text_or_not():
    assert len(SUBWORDS[0].encode("Ein")) == 1
    assert SUBWORDS[0].encode("klettert Ein")[-1:] == SUBWORDS[0].encode("Ein")


def test_words_come_back_joined_by_single_spaces_and_unknown_ones_are_marked():
    assert WORDS.decode(WORDS.encode("A man climbs.")) == "A man climbs ."
    assert WORDS.decode(WORDS.encode("A robot climbs")) == "A \N{REPLACEMENT CHARACTER} climbs"
    assert WORDS.unknown("A robot climbs with a robot") == ["robot", "with", "robot"]


def test_a_script_without_spaces_has_a_word_per_character():
    assert len(WORDS.encode("漢字です")) == 4
    assert WORDS.encode("A漢字B")[1:3] == WORDS.encode("漢字")


def test_characters_come_back_with_their_spaces():
    assert CHARACTERS.decode(CHARACTERS.encode("A man  climbs.")) == "A man  climbs."
    assert CHARACTERS.unknown("Q: a man?") == ["Q", ":", "?"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_of_very_many_characters_the_most_frequent_are_kept_and_the_others_are_bytes(kind):
    ideographs = [chr(0x4E00 + index) for index in range(300)]
    texts = ["".join(ideographs[:40])] * 5 + ["".join(ideographs)]
    vocabulary = Vocabulary.learn(texts, kind, 400)
    assert len(vocabulary) <= 400
    assert vocabulary.unknown("".join(ideographs[:40])) == []
    assert vocabulary.decode(vocabulary.encode(ideographs[-1])) == ideographs[-1]


def test_learning_the_same_texts_again_gives_the_same_vocabulary():
    assert Vocabulary.learn(TEXTS, "bpe", 420) == SUBWORDS[0]


@pytest.mark.parametrize("kind", ["words", "characters", "unigram"])
def test_nothing_can_be_learned_from_nothing(kind):
    with pytest.raises(UserError, match="nothing to learn"):
        Vocabulary.learn([], kind, 300)


def test_a_size_that_is_too_small_is_an_error_that_says_what_is_needed():
    with pytest.raises(UserError, match="bpe needs a size of at least 261, not 100"):
        Vocabulary.learn(TEXTS, "bpe", 100)


def test_bytes_that_are_no_text_are_shown_as_what_cannot_be_read():
    assert SUBWORDS[0].decode([len(SPECIAL) + 0xFF]) == "\N{REPLACEMENT CHARACTER}"


def test_a_tokenizer_that_is_none_is_named():
    with pytest.raises(ValueError, match="cannot be read"):
        Vocabulary(kind="bpe", tokenizer="{}")
    with pytest.raises(ValueError, match="bytes"):
        Vocabulary(kind="bpe", tokenizer=CHARACTERS.tokenizer)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda model: model["vocab"].update({"x": 1 << 31}), "one by one"),
        (lambda model: model.update(unk_token="gone"), "cannot be used"),
    ],
)
def test_a_tokenizer_that_numbers_or_encodes_nothing_is_named(change, sentence):
    tokenizer = json.loads(CHARACTERS.tokenizer)
    change(tokenizer["model"])
    with pytest.raises(ValueError, match=sentence):
        Vocabulary(kind="characters", tokenizer=json.dumps(tokenizer))
