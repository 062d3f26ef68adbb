"""Alignment: what counts as a word, and which word stands for which."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_language.words import without_idle_spaces, words_of
from suite_speech_recognition.word_alignment import Step, align_characters, align_words

TEXTS = st.text("ab 你好ก็", max_size=12).map(lambda text: " ".join(text.split()))


def test_each_word_is_beside_the_one_that_was_heard_for_it():
    alignment = align_words(["the cat sat down", "so"], ["cat sits down here", "so"])
    assert alignment.steps(0) == [
        Step("deletion", "the", ""),
        Step("equal", "cat", "cat"),
        Step("substitution", "sat", "sits"),
        Step("equal", "down", "down"),
        Step("insertion", "", "here"),
    ]
    assert alignment.steps(1) == [Step("equal", "so", "so")]
    assert alignment.counts.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_nothing_said_or_nothing_heard_is_all_insertions_or_deletions():
    alignment = align_words(["", "a b", ""], ["a b", "", ""])
    assert alignment.counts.tolist() == [[0, 2, 0], [0, 0, 2], [0, 0, 0]]
    assert alignment.steps(2) == []


@pytest.mark.slow
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_steps_spell_both_texts_and_are_as_many_errors_as_are_counted(texts):
    said, heard = zip(*texts, strict=True)
    alignment = align_words(said, heard)
    for index, (before, after) in enumerate(texts):
        steps = alignment.steps(index)
        assert [step.reference for step in steps if step.reference] == words_of(before)
        assert [step.hypothesis for step in steps if step.hypothesis] == words_of(after)
        kinds = [step.kind for step in steps]
        counted = [kinds.count(kind) for kind in ("substitution", "insertion", "deletion")]
        assert counted == alignment.counts[index].tolist()


@given(TEXTS, TEXTS)
def test_characters_have_as_few_errors_as_jiwer_finds(said, heard):
    found = jiwer.process_characters(without_idle_spaces(said), without_idle_spaces(heard))
    counts = align_characters([said], [heard]).counts
    assert counts.tolist() == [[found.substitutions, found.insertions, found.deletions]]
