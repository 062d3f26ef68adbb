"""What is likely to be said, learned from a text file."""

from __future__ import annotations

import pytest

from suite import UserError
from suite_language.symbols import SymbolModel
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.language_model import read_utterances
from suite_speech_recognition.normalization import Normalization, normalize


def normalized(text: str) -> str:
    return normalize(text, Normalization())


def learned(path, alphabet: Alphabet, order: int = 6) -> SymbolModel:
    return SymbolModel(read_utterances(path, alphabet, normalized), len(alphabet.symbols), order)


def test_what_was_learned_is_likelier_than_its_reverse():
    alphabet = Alphabet(symbols=tuple(" abcdefghijklmnopqrstuvwxyz"))
    model = SymbolModel([alphabet.encode("the cat sat on the mat")], len(alphabet.symbols))
    assert model.log_probability(alphabet.encode("the mat")) > model.log_probability(
        alphabet.encode("tam eht")
    )


def test_it_is_learned_from_the_sentences_of_a_file_as_transcripts_are_written(tmp_path):
    alphabet = Alphabet(symbols=(" ", "a", "b", "c"))
    path = tmp_path / "text.txt"
    path.write_text("\ufeffA b! B, a\r\n\r\nc?x. 123\n", encoding="utf-8")
    read = learned(path, alphabet, order=3)
    expected = SymbolModel([alphabet.encode(text) for text in ("a b", "b a", "c")], 4, order=3)
    for text in ("a b", "b a", "c", "abc"):
        assert read.log_probability(alphabet.encode(text)) == pytest.approx(
            expected.log_probability(alphabet.encode(text))
        )


def test_chinese_sentences_end_without_white_space(tmp_path):
    alphabet = Alphabet(symbols=("你", "好", "再", "见"))
    path = tmp_path / "text.txt"
    path.write_text("你好\u3002再见", encoding="utf-8")
    read = learned(path, alphabet)
    assert read.log_probability([1, 2]) == pytest.approx(read.log_probability([3, 4]))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"fine\n\xff\xfe", r"is not text in UTF-8 \(line 2\)"),
        ("привет".encode(), "has no character that the model can write"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, content, problem):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"language model '.*text.txt' {problem}"):
        read_utterances(path, Alphabet(symbols=("a", "b")), normalized)
