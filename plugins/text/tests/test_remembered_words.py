"""What is kept for words: the same as without it, and never much."""

from __future__ import annotations

from suite_text.classification.readers.remembered_words import MAX_LETTERS, remembered


def test_a_word_is_worked_out_once():
    asked = []

    @remembered
    def length(word):
        asked.append(word)
        return len(word)

    assert [length(word) for word in ("a", "bcd", "a")] == [1, 3, 1]
    assert asked == ["a", "bcd"]


def test_what_is_too_long_to_be_a_word_is_not_kept():
    asked = []

    @remembered
    def length(word):
        asked.append(word)
        return len(word)

    address = "x" * (MAX_LETTERS + 1)
    assert [length(address), length(address)] == [len(address)] * 2
    assert asked == [address] * 2
