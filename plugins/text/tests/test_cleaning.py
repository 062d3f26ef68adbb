"""Cleaning of text: each option does what it says, and cleaning twice is cleaning once."""

# ruff: noqa: RUF001

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_text.reading.cleaning import (
    AS_IT_IS,
    Cleaning,
    as_fact,
    clean,
    cleaning_from,
    cleaning_of,
    has_markup,
)
from suite_text.reading.options import ReadingOptions

CLEANINGS = st.builds(
    Cleaning,
    unicode=st.sampled_from(["NFC", "NFKC", "none"]),
    control_characters=st.sampled_from(["removed", "kept"]),
    white_space=st.sampled_from(["joined", "kept"]),
)


@pytest.mark.parametrize(
    ("raw", "cleaning", "text"),
    [
        ("  a \t\r\n b\u3000c\u00a0", Cleaning(), "a b c"),
        ("  a \n b", Cleaning(white_space="kept"), "  a \n b"),
        ("a\0b\x1b[0m\ufeffc\x7f", Cleaning(), "ab[0mc"),
        ("a\0b", Cleaning(control_characters="kept"), "a\0b"),
        ("a\r\n\tb\rc", Cleaning(white_space="kept"), "a\n\tb\nc"),
        ("<p>a<br />b &amp; c < d</p> <3", Cleaning(markup="removed"), "a b & c < d <3"),
        ("<p>a &amp; b", Cleaning(), "<p>a &amp; b"),
        ("a\r\n", Cleaning(white_space="kept", control_characters="kept"), "a\r\n"),
        ("clu\u00admsy\u200b and\u200e \u202bno\u202cisy\u2060", Cleaning(), "clumsy and noisy"),
        ("u\u0308ber ﬁn", Cleaning(), "über ﬁn"),
        ("u\u0308ber ﬁn Ａ", Cleaning(unicode="NFKC"), "über fin A"),
        ("u\u0308", Cleaning(unicode="none"), "u\u0308"),
        ("u\0\u0308", Cleaning(), "ü"),
        ("a\ud800b", AS_IT_IS, "a\N{REPLACEMENT CHARACTER}b"),
        ("\u200dनमस्\u200dते", Cleaning(), "\u200dनमस्\u200dते"),  # joiners have a meaning
        ("", Cleaning(), ""),
    ],
)
def test_each_option_does_what_it_says(raw, cleaning, text):
    assert clean(raw, cleaning) == text


@given(st.text(st.characters()), CLEANINGS)
def test_cleaning_twice_is_cleaning_once_and_gives_text_that_can_be_written(raw, cleaning):
    once = clean(raw, cleaning)
    assert clean(once, cleaning) == once
    once.encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_left_as_it_is_does_not_change(text):
    assert clean(text, AS_IT_IS) == text


def test_the_options_become_a_fact_and_the_fact_the_cleaning_of_the_codec():
    cleaning = cleaning_from(ReadingOptions(unicode="NFKC", white_space="kept"))
    assert cleaning == Cleaning(unicode="NFKC", white_space="kept")
    facts = msgspec.json.decode(msgspec.json.encode({"cleaning": as_fact(cleaning)}))
    assert cleaning_of(facts) == cleaning
    assert cleaning_of({}) == Cleaning()


def test_comments_that_do_not_end_take_no_time():
    text = "a<!-- x -->b" + "<!--" * 100_000
    assert clean(text, Cleaning(markup="removed")) == "ab" + "<!--" * 100_000
    assert has_markup("<!---->")
    assert not has_markup("<!--->")
