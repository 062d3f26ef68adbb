"""What `suite inspect` says of labeled texts, translations and plain text."""

import pytest

from suite.data import Dataset, Example
from suite_text.classification.inspection import inspect as inspect_classification
from suite_text.classification.samples import sample as classification
from suite_text.generation.inspection import inspect as inspect_generation
from suite_text.generation.samples import sample as generation
from suite_text.translation.inspection import inspect as inspect_translation
from suite_text.translation.samples import sample as translation


def examples(*pairs):
    return [Example(f"a:{number}", *pair) for number, pair in enumerate(pairs, start=1)]


def labeled(train, **splits):
    classes = sorted({example.target for example in train})
    return inspect_classification(
        Dataset(train=train, **splits, facts={"classes": classes, "multi_label": False}),
        lambda done, of: None,
    )


def translated(*pairs, **splits):
    dataset = Dataset(train=examples(*pairs), **splits, facts={"source": "en", "target": "xx"})
    return inspect_translation(dataset, lambda done, of: None)


def table(found, title):
    return next(list(map(list, table.rows)) for table in found.tables if table.title == title)


def sentences(found):
    return {finding.text: (finding.wrong, list(finding.locations)) for finding in found.findings}


@pytest.mark.parametrize(
    ("sample", "inspect"),
    [
        (classification, inspect_classification),
        (translation, inspect_translation),
        (generation, inspect_generation),
    ],
)
def test_in_good_data_nothing_is_found_and_progress_is_told(sample, inspect):
    told = []
    found = inspect(sample(), lambda done, total: told.append((done, total)))
    assert [finding.text for finding in found.findings if finding.wrong] == []
    total = sum(map(len, sample().splits.values()))
    assert told[-1] == (total, total)


# Labeled texts


def test_classes_lengths_and_scripts_are_counted():
    found = labeled(
        examples(("one two", "x"), ("three", "x"), ("四五六", "y")), test=examples(("two one", "x"))
    )
    assert dict(found.numbers) == {"classes": 2, "characters": 11}
    assert table(found, "Classes") == [["x", 2, 1, "66.7 %"], ["y", 1, 0, "33.3 %"]]
    assert table(found, "Lengths")[0] == ["train", 3, "3 / 5 / 7 / 7", "1 / 1 / 2 / 2"]
    assert table(found, "Lengths by class")[1] == ["y", 1, "3 / 3 / 3 / 3", "1 / 1 / 1 / 1"]
    assert table(found, "Scripts") == [["Latin", "78.6 %", "100 %"], ["Han", "21.4 %", "0 %"]]
    assert sentences(found) == {
        "1 class has a single training text": (False, ["y"]),
        "1 class has no text in the test split": (False, ["y"]),
    }


def test_unbalanced_classes_are_said():
    found = labeled(examples(*[(f"text {number}", "x") for number in range(40)], ("y one", "y"), ("y", "y")))
    text = "the classes are unbalanced: 'x' has 40 training texts, 'y' 2"
    assert sentences(found)[text] == (False, [])


def test_texts_that_are_alike_with_other_labels_or_in_other_splits_are_named():
    train = examples(("Good film!", "x"), ("bad film", "y"), ("good  film", "y"), ("bad film", "y"))
    found = sentences(labeled(train, test=examples(("BAD, film.", "y"))))
    what = "1 set of texts that are alike but for case, punctuation and blanks, with different labels"
    assert found[what] == (True, ["a:1 (x) ~ a:3 (y)"])
    what = "1 text of test is like a text of train, but for case, punctuation and blanks"
    assert found[what] == (False, ["a:1 ~ a:2"])


def test_characters_that_were_lost_or_misread_or_are_odd_are_named():
    train = examples(*[("plain words of many letters", "x"), ("other plain words", "y")] * 200)
    train += [
        Example("b:1", "lo\N{REPLACEMENT CHARACTER}t", "x"),
        Example("b:2", "schÃ¶n", "y"),
        Example("b:3", "the letter Ж", "y"),
    ]
    found = sentences(labeled(train, test=[Example("c:1", "plain ñ words", "x")]))
    what = "1 text has U+FFFD, which stands for characters that were lost when it was saved"
    assert found[what] == (True, ["b:1"])
    assert found["1 text looks like UTF-8 that was read as Windows-1252"] == (True, ["b:2: schÃ¶n"])
    assert found["1 letter of scripts that are odd here: Cyrillic"] == (False, ["Ж: 1"])
    assert found["1 character is in test, but not in train"] == (False, ["ñ: 1"])


def test_several_labels_are_counted_each():
    train = examples(("one", ["x", "y"]), ("two", []), ("three", ["x"]), ("four", ["y"]))
    dataset = Dataset(train=train, facts={"classes": ["x", "y"], "multi_label": True})
    found = inspect_classification(dataset, lambda done, of: None)
    assert table(found, "Classes") == [["x", 2, "50.0 %"], ["y", 2, "50.0 %"], ["(no label)", 1, "25.0 %"]]


# Translations


def test_lengths_and_scripts_of_both_sides_and_their_ratios_are_told():
    found = translated(("a dog", "собака"), ("two cats", "две кошки"))
    assert table(found, "Lengths: en") == [["train", 2, "5 / 6 / 8 / 8", "2 / 2 / 2 / 2"]]
    assert table(found, "Scripts: xx") == [["Cyrillic", "100 %"]]
    assert table(found, "Ratios of lengths")[0][0] == "1.12"
    assert found.numbers["characters per character"] == 1.16


def test_pairs_of_odd_lengths_and_untranslated_copies_and_wrong_scripts_are_named():
    good = [(f"a dog and {number} cats", f"собака и {number} кошек") for number in range(20)]
    found = sentences(
        translated(
            *good,
            ("a dog that sleeps in the house of my friend", "собака"),
            ("the same in both languages", "The same in both languages"),
            ("кошка и собака", "cats and dogs"),
            ("a dog", "собака"),
        )
    )
    found = {text.partition(" --set")[0]: rest for text, rest in found.items()}
    what = "1 pair has a side that is more than 3 times as long as usual: is it a translation?"
    assert found[what] == (False, ["a:21: 43 characters and 6"])
    what = "1 text is its own translation:"
    assert found[what] == (False, ["a:22: the same in both languages"])
    assert found["1 source is written in Cyrillic, not in Latin:"] == (True, ["a:23: кошка и собака"])
    what = "2 targets are written in Latin, not in Cyrillic:"
    assert [place[:4] for place in found[what][1]] == ["a:22", "a:23"]


# Plain text


def test_passages_are_measured_and_lines_that_are_in_train_too_are_named():
    class Passage:
        def __init__(self, text):
            self.text = text

    def passages(*texts):
        return examples(*((Passage(text), len(text.encode())) for text in texts))

    line = "a line that is long enough to be no chance, I should say"
    train = passages(f"äh\n{line}\nshort\n", "short\n")
    found = inspect_generation(Dataset(train=train, test=passages(f"short\n{line}\n")), lambda done, of: None)
    assert found.numbers["bytes"] == 4 + 57 + 6 + 6 + 63
    assert table(found, "Text") == [["train", 2, 73, 72, 16, 4], ["test", 1, 63, 63, 14, 2]]
    (text, (wrong, places)), *_ = sentences(found).items()
    assert (text, wrong) == ("1 line of test is in train too", True)
    assert places == ["a:1: a line that is long enough to be no chance, I should say"]
