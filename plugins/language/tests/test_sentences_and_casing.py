"""Where sentences end, and small letters."""

# ruff: noqa: RUF001 (which letters look like others is what this is about)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_language.casing import lowered
from suite_language.sentences import sentences


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "Mr. Smith paid 3.50. He left... Why?",
            ["Mr. Smith paid 3.50.", "He left...", "Why?"],
        ),
        ("en_GB", 'He said "Stop!" and left. Two men .', ['He said "Stop!" and left.', "Two men ."]),
        ("deu", "Am 3. Oktober kam Dr. Ott. Gut!", ["Am 3. Oktober kam Dr. Ott.", "Gut!"]),
        ("zh", "你好。你是谁？", ["你好。", "你是谁？"]),
        ("hi", "यह एक है। दूसरा है।", ["यह एक है।", "दूसरा है।"]),
        ("source", "A dog runs. Two men sit.", ["A dog runs.", "Two men sit."]),
        ("", "One . Two ? ! Three", ["One .", "Two ? !", "Three"]),
        ("en", "   ", []),
    ],
)
def test_sentences_end_where_people_end_them(language, text, expected):
    assert sentences(text, language) == expected


@given(st.text())
def test_sentences_are_all_of_a_text_but_for_white_space(text):
    assert "".join("".join(sentences(text, "en")).split()) == "".join(text.split())


def test_capitals_become_the_small_letters_of_their_language():
    assert lowered("DIŞARI İSTANBUL", "tr") == "dışarı istanbul"
    assert lowered("Işık", "az_AZ") == "ışık"
    assert lowered("DIR İSTANBUL") == "dir istanbul"
    assert lowered("ÄÖ ẞ", "de") == "äö ß"
