"""Classes are chosen, merged and renamed as the options say, and those that look alike are named."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.options import as_dict, parse, parse_value
from suite_images.classes import SINGLE_CLASS, ClassOptions, look_alikes, select_classes

KNOWN = ("cat", "dog", "Lion", "a=b", "x, y", "7")


def selected(text, *, single=False, known=KNOWN):
    """As on the command line: `--set loader.classes=TEXT`."""
    options = parse(ClassOptions, {"classes": parse_value(text), "single_class": single}, "[loader]")
    return select_classes(known, options, "the data")


@pytest.mark.parametrize(
    ("text", "names", "new"),
    [
        ("", KNOWN, {name: name for name in KNOWN}),
        ("dog,cat", ("dog", "cat"), {"dog": "dog", "cat": "cat"}),
        (" dog , cat=feline", ("dog", "feline"), {"dog": "dog", "cat": "feline"}),
        ("cat=feline,Lion=feline", ("feline",), {"cat": "feline", "Lion": "feline"}),
        ("cat=dog,*", ("dog", "Lion", "a=b", "x, y", "7"), {**{name: name for name in KNOWN}, "cat": "dog"}),
        ("*=other,cat", ("other", "cat"), {**dict.fromkeys(KNOWN, "other"), "cat": "cat"}),
        ("a=b", ("a=b",), {"a=b": "a=b"}),
        ("a=b=c", ("c",), {"a=b": "c"}),
        ("x, y", ("x, y",), {"x, y": "x, y"}),
        ('["x, y=z", "cat"]', ("z", "cat"), {"x, y": "z", "cat": "cat"}),
        ("7", ("7",), {"7": "7"}),
        ("[7]", ("7",), {"7": "7"}),
    ],
)
def test_classes_are_chosen_merged_and_renamed(text, names, new):
    selection = selected(text)
    assert selection.names == names
    assert selection.new_names() == new
    assert selection.left_out == [name for name in KNOWN if name not in new]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cta", "has no class 'cta'.*did you mean 'cat'"),
        ("disc=round", "has no class 'disc'.*known: .*Lion"),
        ("cat=a,cat=b", "gives 'cat' two names, 'a' and 'b'"),
        ("cat=", "'cat=' has no new name"),
        ("*,*=x", "twice"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, words):
    with pytest.raises(UserError, match=words):
        selected(text)


def test_a_rest_that_is_empty_is_no_class():
    assert selected("cat,dog,*=other", known=("cat", "dog")).names == ("cat", "dog")


def test_all_that_is_read_may_become_one_class():
    assert selected("", single=True).new_names() == dict.fromkeys(KNOWN, SINGLE_CLASS)
    assert selected("cat,dog", single=True).new_names() == {"cat": SINGLE_CLASS, "dog": SINGLE_CLASS}


names = st.text(st.characters(blacklist_characters=",=*", blacklist_categories=["Cs"]), min_size=1).filter(
    str.strip
)


@pytest.mark.slow
@given(st.lists(names, unique=True, min_size=1), st.data())
def test_any_selection_is_consistent(known, data):
    chosen = data.draw(st.lists(st.sampled_from(known), unique=True))
    entries = [data.draw(st.sampled_from([name, f"{name}={known[0]}", f"{name}=new"])) for name in chosen]
    if data.draw(st.booleans()):
        entries.insert(data.draw(st.integers(0, len(entries))), data.draw(st.sampled_from(["*", "*=new"])))
    selection = select_classes(
        known, ClassOptions(classes=entries, single_class=data.draw(st.booleans())), "the data"
    )
    assert selection.known == tuple(known)
    assert len(set(selection.names)) == len(selection.names)
    assert {number for number in selection.numbers if number >= 0} == set(range(len(selection.names)))
    assert set(selection.left_out) | selection.new_names().keys() == set(known)
    if not entries:
        assert not selection.left_out
    for entry in entries:
        if not entry.startswith("*"):
            assert entry.partition("=")[0] in selection.new_names()


@pytest.mark.parametrize(
    ("classes", "sentences"),
    [
        (["cat", "dog"], 0),
        (["Disc", "disc"], 1),
        (["ice cream", "ice_cream", "Ice-Cream"], 1),
        (["disc", "disc "], 1),
        (["\u00e9t\u00e9", "e\u0301te\u0301"], 1),
        (["A", "a", "B", "b"], 2),
        (["the cat's, old", "The cat's, old"], 1),
    ],
)
def test_classes_that_look_alike_are_named_with_the_way_to_merge_them(classes, sentences):
    found = look_alikes(classes)
    assert len(found) == sentences
    for sentence in found:
        setting = shlex.split(sentence.partition("--set ")[2])[0].partition("loader.classes=")[2]
        selection = selected(setting, known=classes)
        assert not selection.left_out
        assert all(name == name.strip() for name in selection.names)
        assert not look_alikes(selection.names) or sentences > 1


@pytest.mark.parametrize(
    ("text", "known", "new"),
    [
        ("square,disc", ("disc",), {"disc": "disc"}),
        ("square=shape,disc", ("disc", "shape"), {"disc": "disc", "shape": "shape"}),
        ("square=disc,disc=square", ("disc",), {"disc": "square"}),
        ("square=round,*", ("disc", "ring"), {"disc": "disc", "ring": "ring"}),
    ],
)
def test_other_data_need_not_have_all_classes_that_were_chosen_for_the_first(text, known, new):
    of_run = as_dict(parse(ClassOptions, {"classes": parse_value(text)}, "[loader]"))
    values = ClassOptions.for_other_data(of_run, {})
    selection = select_classes(known, parse(ClassOptions, values, "[loader]"), "other")
    assert selection.new_names() == new


def test_what_is_chosen_for_the_other_data_itself_must_be_there():
    values = ClassOptions.for_other_data({"classes": "square,disc"}, {"classes": "square"})
    with pytest.raises(UserError, match="has no class 'square'"):
        select_classes(("disc",), parse(ClassOptions, values, "[loader]"), "other")


def test_other_data_with_none_of_the_classes_is_refused():
    values = ClassOptions.for_other_data({"classes": "square,disc"}, {})
    with pytest.raises(UserError, match="leaves no class of other: it has 'ring'"):
        select_classes(("ring",), parse(ClassOptions, values, "[loader]"), "other")
