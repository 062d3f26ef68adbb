"""Vocabularies of presets: any text is written in bytes that are joined, and comes back as it was."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_text.tokens.byte_pairs import GPT2, LLAMA3, QWEN, byte_pair_tokenizer, bytes_of_token
from suite_text.tokens.vocabulary import SPECIAL, UNKNOWN, Vocabulary

PRINTING = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [*map(chr, PRINTING), *(chr(256 + place) for place in range(256 - len(PRINTING)))]
MERGES = ["Ġ t", "h e", "Ġt he", "1 2", "12 3", "123 4"]


def vocabulary(pattern: str = GPT2, tokens: list[str] | None = None) -> Vocabulary:
    tokens = tokens or [*BYTES, *(merge.replace(" ", "") for merge in MERGES), ""]
    return Vocabulary(
        kind="byte-pairs",
        tokenizer=byte_pair_tokenizer(SPECIAL, tokens, MERGES if len(tokens) > 9 else [], pattern),
    )


def pieces(text: str, pattern: str) -> list[bytes]:
    known = vocabulary(pattern)
    return [bytes_of_token(known.tokens[number]) for number in known.encode(text)]


@pytest.mark.slow
@given(st.text())
def test_every_text_comes_back(text):
    text = text.encode("utf-8", "replace").decode()
    known = vocabulary()
    assert known.decode(known.encode(text)) == text


def test_bytes_are_joined_within_words():
    assert pieces("the the", GPT2) == [b"t", b"he", b" the"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [(GPT2, [b"1234"]), (LLAMA3, [b"123", b"4"]), (QWEN, [b"1", b"2", b"3", b"4"])],
)
def test_each_family_splits_numbers_in_its_own_way(pattern, expected):
    assert pieces("1234", pattern) == expected


def test_what_is_no_text_is_never_read_and_says_nothing():
    known = vocabulary()
    number = len(known) - 1
    assert known.decode([number]) == ""
    assert number not in known.encode(known.tokens[number])


def test_a_byte_that_is_no_token_is_unknown():
    assert vocabulary(tokens=["a", "b"]).encode("abc") == [4, 5, UNKNOWN]


def test_it_cannot_be_learned():
    with pytest.raises(UserError, match="there is no vocabulary of 'byte-pairs'"):
        Vocabulary.learn(["a"], "byte-pairs", 300)


def test_it_comes_back_from_json():
    assert msgspec.convert(msgspec.to_builtins(vocabulary()), Vocabulary) == vocabulary()
