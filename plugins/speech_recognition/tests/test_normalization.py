"""One way of writing what is said."""
# ruff: noqa: RUF001

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_speech_recognition.normalization import Normalization, language_of, normalize, usual_normalization

DEFAULT = Normalization()
EVERYTHING = st.builds(
    Normalization,
    case=st.sampled_from(["lower", "upper", "keep"]),
    punctuation=st.sampled_from(["remove", "keep"]),
    unicode=st.sampled_from(["NFKC", "NFC", "none"]),
    language=st.sampled_from(["", "tr"]),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello,   World!\n", "hello world"),
        ("Don’t STOP “now”", "don't stop now"),
        ("it`s O´Brien's dogs'", "it's o'brien's dogs"),
        ("the '90s, rock 'n' roll", "the 90s rock n roll"),
        ("e-mail and well—well", "e mail and well well"),
        ("你好，世界！", "你好世界"),
        ("他说：“OK”。", "他说ok"),
        ("ＡＢＣ１２\u3000ｱ", "abc12 ア"),
        ("3 + 4 = 7 for $5", "3 + 4 = 7 for $5"),
        ("co\u00adoperate \ufeffnow\u200b", "cooperate now"),
        ("ΟΔΟΣ, Straße", "οδος straße"),
        ("¿Qué? ¡No!", "qué no"),
        ("...", ""),
        ("", ""),
    ],
)
def test_by_default_case_and_punctuation_go_and_apostrophes_inside_of_words_stay(text, expected):
    assert normalize(text, DEFAULT) == expected


def test_each_step_can_be_left_out():
    text = "Don’t,  Ａ!"
    assert normalize(text, Normalization(case="keep")) == "Don't A"
    assert normalize(text, Normalization(case="upper")) == "DON'T A"
    assert normalize(text, Normalization(punctuation="keep")) == "don’t, a!"
    assert normalize(text, Normalization(unicode="NFC")) == "don't ａ"
    nothing = Normalization(case="keep", punctuation="keep", unicode="none")
    assert normalize(" cafe\u0301,\tB ", nothing) == "cafe\u0301, B"


def test_a_letter_and_its_accent_become_one_character():
    assert normalize("cafe\u0301", DEFAULT) == "café"


@given(st.text(), EVERYTHING)
def test_normalizing_twice_changes_nothing_more(text, normalization):
    once = normalize(text, normalization)
    assert normalize(once, normalization) == once


@given(st.text())
def test_what_is_normalized_holds_no_capitals_no_doubled_spaces_and_no_punctuation_but_apostrophes(text):
    found = normalize(text, DEFAULT)
    assert found == found.strip()
    assert "  " not in found
    assert not any(
        unicodedata.category(character).startswith("P") or (character.isspace() and character != " ")
        for character in found.replace("'", "")
    )
    assert found == found.lower()


@given(EVERYTHING)
def test_it_survives_json_and_refuses_what_it_does_not_know(normalization):
    assert msgspec.json.decode(msgspec.json.encode(normalization), type=Normalization) == normalization
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"case": "title"}, Normalization)


@pytest.mark.parametrize(
    ("text", "case", "expected"),
    [
        ("IŞIKLARI AÇ", "lower", "ışıkları aç"),
        ("İstanbul'a GİT", "lower", "istanbul'a git"),
        (unicodedata.normalize("NFD", "İstanbul'a GİT"), "lower", "istanbul'a git"),
        ("ışık iyi", "upper", "IŞIK İYİ"),
    ],
)
def test_turkish_has_two_letters_i(text, case, expected):
    assert normalize(text, Normalization(case=case, language="tr")) == expected
    assert normalize(expected, Normalization(case=case, language="tr")) == expected


def test_turkish_is_known_by_its_letters():
    assert language_of(["iyi", "ışık"]) == language_of(["İyi"]) == "tr"
    assert language_of(["Iyi çok", "straße"]) == ""
    assert usual_normalization(["IŞIK", "İYİ"]) == Normalization(case="keep", language="tr")
    assert usual_normalization(["Light", "on"]) == Normalization()


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\ufeff", "\u2060", "\u200e"])
def test_what_is_not_seen_is_not_learned(invisible):
    assert normalize(f"tur{invisible}n ri{invisible}ght", DEFAULT) == "turn right"


def test_composed_and_decomposed_letters_are_the_same():
    assert normalize(unicodedata.normalize("NFD", "Größe é 각"), DEFAULT) == normalize("Größe é 각", DEFAULT)
