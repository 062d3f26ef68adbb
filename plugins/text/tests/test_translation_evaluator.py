"""BLEU and chrF: those of sacrebleu, for any sample of the pairs, and what the report shows."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Example
from suite.evaluation import Pairs
from suite.figures import Table
from suite.options import NoOptions
from suite_text.translation.baseline import copy_source
from suite_text.translation.evaluator import translation
from suite_text.translation.metrics import tokenization
from suite_text.translation.types import Translation

SOURCES = ["A man sleeps.", "Two dogs run over green grass in the sun.", "A boy", "Nothing here."]
REFERENCES = ["Ein Mann schläft.", "Zwei Hunde laufen in der Sonne über grünes Gras.", "Ein Junge", "Nichts."]
TRANSLATIONS = ["Ein Mann schläft.", "Zwei Hunde rennen über das grüne Gras.", "Ein Bub", ""]


def scored(translations=TRANSLATIONS, references=REFERENCES, sources=None, **facts):
    ids = [f"test.en:{line}" for line in range(1, len(translations) + 1)]
    examples = None
    if sources:
        examples = [Example(*values) for values in zip(ids, sources, references, strict=True)]
    predictions = [Translation(text=text) for text in translations]
    return translation(Pairs(references, predictions, ids, examples, facts), NoOptions())


def test_the_numbers_are_those_of_sacrebleu():
    numbers = scored().score(np.arange(4))
    assert numbers["bleu"] == pytest.approx(sacrebleu.corpus_bleu(TRANSLATIONS, [REFERENCES]).score)
    assert numbers["chrf"] == pytest.approx(sacrebleu.corpus_chrf(TRANSLATIONS, [REFERENCES]).score)


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_a_sample_is_scored_as_the_corpus_that_it_is(indices):
    numbers = scored().score(np.array(indices))
    chosen = [TRANSLATIONS[index] for index in indices], [REFERENCES[index] for index in indices]
    assert numbers["bleu"] == pytest.approx(sacrebleu.corpus_bleu(chosen[0], [chosen[1]]).score)
    assert numbers["chrf"] == pytest.approx(sacrebleu.corpus_chrf(chosen[0], [chosen[1]]).score)


def test_several_references_count_as_sacrebleu_counts_them_where_some_have_fewer():
    references = [["Ein Mann schläft.", "Da schläft ein Mann."], ["Ein Junge"], ["Ein Hund läuft."]]
    numbers = scored(["Da schläft ein Mann.", "Ein Junge", "Ein Hund rennt."], references).score(np.arange(3))
    streams = [["Ein Mann schläft.", "Ein Junge", "Ein Hund läuft."], ["Da schläft ein Mann.", None, None]]
    expected = sacrebleu.corpus_bleu(["Da schläft ein Mann.", "Ein Junge", "Ein Hund rennt."], streams)
    assert numbers["bleu"] == pytest.approx(expected.score)


def test_perfect_translations_score_a_hundred_and_empty_ones_nothing():
    assert scored(REFERENCES).score(np.arange(4)) == pytest.approx(
        {"bleu": 100.0, "chrf": 100.0, "length_ratio": 1.0}
    )
    assert scored([""] * 4).score(np.arange(4))["bleu"] == 0


def test_the_notes_hold_the_signatures():
    notes = scored().notes
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:" in notes["bleu"]
    assert "nrefs:1|case:mixed|eff:yes|nc:6|nw:0" in notes["chrf"]


def test_characters_that_training_never_saw_are_counted_in_the_notes():
    predictions = [Translation(text="a", unknown=2), Translation(text="b", unknown=1)]
    found = translation(Pairs(["a", "b"], predictions, ["1", "2"]), NoOptions())
    assert "3 characters" in found.notes["bleu"]


@pytest.mark.parametrize(
    ("text", "tokenizer"),
    [
        ("Ein Mann schläft.", "13a"),
        ("一个男人在睡觉。", "zh"),
        ("男の人が眠っています。", "char"),
        ("ผู้ชายนอนหลับ", "char"),
        ("Мужчина спит.", "13a"),
        ("", "13a"),
    ],
)
def test_references_are_cut_into_words_as_their_script_wants(text, tokenizer):
    assert tokenization([[text]]) == tokenizer


def test_without_any_reference_text_there_is_no_number_and_a_note_says_why():
    found = scored(["a", "b"], ["", ""])
    assert np.isnan(found.score(np.arange(2))["bleu"])
    assert "empty" in found.notes["bleu"]


def test_details_are_by_the_length_of_the_source():
    details = scored(sources=SOURCES).details()
    assert {name: row["translations"] for name, row in details["lengths"].items()} == {
        "up to 5 words": 3,
        "6 to 10 words": 1,
    }
    assert list(scored().details()) == ["reference lengths"]


def test_the_report_shows_sources_references_and_translations_side_by_side_the_worst_first():
    worst, by_length = scored(sources=SOURCES).figures()
    assert isinstance(worst, Table)
    assert worst.rows[0][:4] == ["test.en:4", "Nothing here.", "Nichts.", ""]
    assert [row[0] for row in worst.rows][-1] == "test.en:1"
    assert "source" in by_length.title


def test_with_many_translations_the_best_and_some_at_random_are_shown_too():
    many = [f"Der {number}. Mann schläft nun schon lange." for number in range(40)]
    titles = [figure.title for figure in scored(many, [*many[:20], *many[:20]]).figures()]
    assert titles[:3] == ["The worst translations", "Translations at random", "The best translations"]


@pytest.mark.parametrize("target", [3, [], [1], None, {"text": "a"}])
def test_a_target_that_is_no_translation_is_named(target):
    with pytest.raises(UserError, match=r"'test.en:1'.*translation"):
        scored(["a"], [target])


def test_the_baseline_copies_the_source():
    examples = [Example("1", " A man sleeps. ", "Ein Mann schläft."), Example("2", "", "")]
    assert [str(prediction) for prediction in copy_source([], examples, {})] == ["A man sleeps.", ""]
