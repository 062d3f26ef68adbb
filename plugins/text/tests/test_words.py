"""Words as people see them, in scripts with spaces and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_text.words import count, mostly_without_spaces, places


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in places(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no movement, no yuks", ["no", "movement,", "no", "yuks"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 단어", ["한국어", "단어"]),
        ("08年考研 iPhone4", ["08", "年", "考", "研", "iPhone4"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("ที่นี่", ["ที่", "นี่"]),  # each with a vowel sign and a tone mark
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_what_spaces_separate_or_characters_where_there_are_none(text, expected):
    assert words(text) == expected
    assert count(text) == len(expected)


@given(st.text())
def test_all_but_white_space_is_in_exactly_one_word(text):
    assert "".join(words(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["词汇阅读是关键", "iPhone"], True),
        (["the character 中 means middle"], False),
        (["123", ""], False),
        ([], False),
        (["ภาษาไทย"], True),
        (["한국어"], False),
    ],
)
def test_texts_are_without_spaces_where_most_letters_are_of_such_scripts(texts, expected):
    assert mostly_without_spaces(texts) is expected
