"""Scripts of characters, and texts that are joined as their scripts want it."""

from __future__ import annotations

import pytest

from suite_language.joining import join_pieces, join_sentences, space_between
from suite_language.scripts import main_script, script_of, scripts_of, without_spaces


@pytest.mark.parametrize(
    ("character", "script"),
    [
        ("a", "Latin"), ("ß", "Latin"), ("Ω", "Greek"), ("Ж", "Cyrillic"), ("你", "Han"), ("ひ", "Hiragana"),
        ("カ", "Katakana"), ("한", "Hangul"), ("ا", "Arabic"), ("א", "Hebrew"), ("ก", "Thai"), ("1", ""),  # noqa: RUF001
        (".", ""), ("😀", ""), ("ⴰ", "other"),
    ],
)  # fmt: skip
def test_letters_have_a_script(character, script):
    assert script_of(character) == script
    assert without_spaces(character) == (script in ("Han", "Hiragana", "Katakana", "Thai"))


def test_the_main_script_is_that_of_most_letters():
    assert main_script("iPhone 15 是苹果公司的手机新品") == "Han"
    assert main_script("12.") == ""


def test_letters_are_counted_by_script():
    assert scripts_of({"a": 2, "b": 1, "你": 4, ".": 9}) == {"Latin": 3, "Han": 4}


@pytest.mark.parametrize(
    ("before", "after", "space"),
    [("你", "好", ""), ("it", "is", " "), ("我", "love", " "), ("", "it", ""), ("it", "", "")],
)
def test_between_two_pieces_is_a_space_unless_both_are_of_scripts_without(before, after, space):
    assert space_between(before, after) == space


def test_pieces_and_sentences_are_joined():
    assert join_pieces(["it", "", "is", "我", "们"]) == "it is 我们"
    assert join_sentences(["Ein Mann.", "", "Zwei."]) == "Ein Mann. Zwei."
    assert join_sentences(["我睡觉。", "你跑。"]) == "我睡觉。你跑。"
