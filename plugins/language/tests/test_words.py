"""Words as people see them, in scripts with spaces and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_language.words import count_words, mostly_without_spaces, without_idle_spaces, word_spans, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no movement, no yuks", ["no", "movement,", "no", "yuks"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 단어", ["한국어", "단어"]),
        ("08年考研 iPhone4", ["08", "年", "考", "研", "iPhone4"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("ที่นี่", ["ที่", "นี่"]),  # each with a vowel sign and a tone mark
        ("我love你", ["我", "love", "你"]),
        ("naïve café", ["naïve", "café"]),
        ("葛\U000e0100城", ["葛\U000e0100", "城"]),  # with a variation selector
        ("กั้ข", ["กั้", "ข"]),
        ("你 好", ["你", "好"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_what_spaces_separate_or_characters_where_there_are_none(text, expected):
    assert words_of(text) == expected
    assert [text[start:end] for start, end in word_spans(text)] == expected
    assert count_words(text) == len(expected)


@given(st.text())
def test_all_but_white_space_is_in_exactly_one_word(text):
    assert "".join(words_of(text)) == "".join(text.split())


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [("你 好", "你好"), ("it is", "it is"), ("我 love 你", "我 love 你"), ("café au", "café au"), ("", "")],
)
def test_spaces_inside_of_a_script_without_spaces_do_not_count(text, expected):
    assert without_idle_spaces(text) == expected
