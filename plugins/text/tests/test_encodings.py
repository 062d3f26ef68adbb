"""From bytes to text: what is told by its bytes, what is named, and what is refused."""

# ruff: noqa: RUF001

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_language.encodings import decoded

GERMAN = "Ein Mann läuft über die Straße.\nDas Mädchen isst süße Äpfel, „wie immer“.\n"
SAMPLES = {
    "cp1252": (GERMAN, "Windows-1252"),
    "cp1250": ("Příliš žluťoučký kůň úpěl ďábelské ódy.\nByłem w mieście, gęślą jaźń.\n", "Windows-1250"),
    "cp1251": ("Съешь ещё этих мягких булок.\nОн сказал: «Да».\n", "Windows-1251"),
    "gb18030": ("今天天气很好，我们去公园吧！\n他说：“你好”。\n", "GB18030"),
    "big5": ("這是一個繁體中文的句子，請多多指教。\n今天天氣很好\n", "Big5"),
    "cp932": ("これは日本語の文章です。\nカタカナも書きます。\n", "Shift-JIS"),
    "euc-jp": ("これは日本語の文章です。\nカタカナも書きます。\n", "EUC-JP"),
    "cp949": ("안녕하세요 세계. 이것은 문장입니다.\n좋은 아침입니다.\n", "EUC-KR"),
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_an_older_encoding_is_told_by_its_bytes_and_named(encoding):
    text, name = SAMPLES[encoding]
    found = decoded(text.encode(encoding), "a.txt")
    assert (found.text, found.encoding, found.unusual, found.broken) == (text, name, True, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_a_byte_order_mark_or_without(encoding):
    found = decoded(GERMAN.encode(encoding), "a.txt")
    assert (found.text, found.unusual, found.broken, found.nul) == (GERMAN, False, [], [])


def test_big_endian_with_its_mark_is_read():
    assert decoded(codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"), "a.txt").text == GERMAN


def test_a_broken_line_among_good_ones_is_named_and_the_rest_is_kept():
    content = "schön\nübel\n".encode() + b"b\xffd and good\n" + "mäßig\n".encode()
    found = decoded(content, "a.txt")
    assert found.text == "schön\nübel\nb\N{REPLACEMENT CHARACTER}d and good\nmäßig\n"
    assert (found.encoding, found.unusual, list(found.broken)) == ("UTF-8", False, [3])


def test_a_replacement_character_that_the_file_itself_has_is_no_broken_line():
    assert decoded("a\N{REPLACEMENT CHARACTER}\n".encode(), "a.txt").broken == []


def test_lines_with_nul_bytes_are_named():
    assert list(decoded(b"long enough a line\nand one wi\0th it\n", "a.txt").nul) == [2]


def test_a_file_full_of_nul_bytes_is_no_text():
    with pytest.raises(UserError, match="a.bin is no text: 600 of its first 1,000 bytes are NUL"):
        decoded(bytes(600) + b"x" * 400, "a.bin")


def test_the_users_word_wins():
    assert decoded("ä".encode("cp1251", "replace") + b"\xe4", "a.txt", "latin-1").text == "?ä"
    assert decoded("\ufeffä".encode(), "a.txt", "utf-8").text == "ä"
    found = decoded(GERMAN.encode("cp1252"), "a.txt", "windows-1252")
    assert (found.text, found.unusual) == (GERMAN, False)


@pytest.mark.parametrize("encoding", ["utf-9", "base64", ""])
def test_what_is_no_encoding_is_refused(encoding):
    with pytest.raises(UserError, match="there is no encoding"):
        decoded(b"a", "a.txt", encoding)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")))
def test_any_text_in_utf8_comes_back(text):
    found = decoded(text.encode(), "a.txt")
    assert (found.text, found.unusual, found.broken) == (text, False, [])


@given(st.binary(max_size=300))
def test_any_bytes_become_text_or_one_sentence(content):
    try:
        found = decoded(content, "a.txt")
    except UserError as error:
        if "a.txt is no text" not in str(error):
            raise
    else:
        assert all(0 < line <= found.text.count("\n") + 1 for line in (*found.broken, *found.nul))
