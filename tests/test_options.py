"""Options: what is allowed, how a mistake is put, and how a class of options is described."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import suite
from suite.options import (
    OF_DATA,
    Auto,
    Meta,
    NoOptions,
    Options,
    as_dict,
    describe,
    parse,
    parse_value,
    resolved,
)


class Example(Options, frozen=True):
    width: Annotated[Annotated[int, Meta(ge=8, le=512)] | Auto, Meta(description="units per layer")] = "auto"
    dropout: Annotated[float, Meta(ge=0, lt=1, description="share of units dropped")] = 0.5
    schedule: Annotated[Literal["cosine", "constant"], Meta(description="of the learning rate")] = "cosine"
    limit: Annotated[int | None, Meta(description="the most examples")] = None
    columns: Annotated[tuple[str, ...], Meta(description="names of columns")] = ()
    span: Annotated[
        Auto | Annotated[tuple[float, ...], Meta(min_length=2, max_length=2)], Meta(description="two numbers")
    ] = "auto"
    levels: Annotated[tuple[float, ...], Meta(description="any numbers")] = ()
    losses: Annotated[tuple[Literal["box", "class"], ...], Meta(description="what counts")] = ()
    shuffle: Annotated[bool, Meta(description="whether the order is random")] = True


def parsed(**values: Any) -> Example:
    return parse(Example, values, "[example]")


def test_nothing_given_is_every_default():
    assert parsed() == Example()


def test_options_are_frozen():
    options: Any = Example()
    with pytest.raises(AttributeError):
        options.width = 3


def test_what_is_auto_becomes_what_was_chosen_and_what_was_given_stays():
    chosen = {"width": 32, "dropout": 0.1}
    assert resolved(parsed(), chosen) == Example(width=32)
    assert resolved(parsed(width=16), chosen) == Example(width=16)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"width": 16}, Example(width=16)),
        ({"width": "16"}, Example(width=16)),
        ({"width": "auto"}, Example(width="auto")),
        ({"dropout": 0}, Example(dropout=0.0)),
        ({"dropout": "0.25"}, Example(dropout=0.25)),
        ({"limit": None}, Example(limit=None)),
        ({"limit": "7"}, Example(limit=7)),
        ({"columns": ["a", "b"]}, Example(columns=("a", "b"))),
        ({"columns": "a, b"}, Example(columns=("a", "b"))),
        ({"columns": "a,"}, Example(columns=("a",))),
        ({"span": "0.8,1.25"}, Example(span=(0.8, 1.25))),
        ({"span": "auto"}, Example(span="auto")),
        ({"levels": 0.9}, Example(levels=(0.9,))),
        ({"losses": "class"}, Example(losses=("class",))),
        ({"losses": "box,class"}, Example(losses=("box", "class"))),
        ({"shuffle": "false"}, Example(shuffle=False)),
    ],
)
def test_values_may_be_given_as_text(given, expected):
    assert parsed(**given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 7}, "width = 7 is not allowed: expected int >= 8"),
        ({"width": 1000}, "width = 1000 is not allowed: expected int <= 512"),
        (
            {"width": "autoo"},
            "width = 'autoo' is not allowed.*an option of type int >= 8 and <= 512 | \"auto\"",
        ),
        ({"width": 8.5}, "width = 8.5 is not allowed"),
        ({"dropout": 1}, "dropout = 1 is not allowed: expected float < 1"),
        ({"dropout": float("nan")}, "dropout = nan is not allowed"),
        ({"schedule": "linear"}, "schedule = 'linear' is not allowed"),
        ({"columns": ""}, "columns = '' is not allowed.*an option of type list of str"),
        ({"span": "0.8,fast"}, "span = '0.8,fast' is not allowed: expected float, got str"),
        ({"span": "0.8"}, "span = '0.8' is not allowed: expected list of length >= 2"),
        ({"span": 0.8}, "span = 0.8 is not allowed: expected list of length >= 2"),
        ({"span": True}, r"span = True is not allowed: expected str \| list, got bool"),
        ({"columns": ["a", 3]}, "columns = .* is not allowed: expected str, got int"),
        ({"shuffle": "perhaps"}, "shuffle = 'perhaps' is not allowed"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_would_be(given, message):
    with pytest.raises(suite.UserError, match=message) as caught:
        parsed(**given)
    assert str(caught.value).startswith("[example]: ")


def test_an_unknown_key_is_refused_with_the_nearest_one():
    with pytest.raises(
        suite.UserError, match=r"\[example\] has no option 'drop_out': did you mean 'dropout'"
    ):
        parsed(drop_out=0.1)


def test_a_contribution_without_options_says_so():
    with pytest.raises(suite.UserError, match=r"\[x\] has no option 'a': none is known"):
        parse(NoOptions, {"a": 1}, "[x]")


options = st.builds(
    Example,
    width=st.integers(8, 512) | st.just("auto"),
    dropout=st.floats(0, 1, exclude_max=True),
    schedule=st.sampled_from(["cosine", "constant"]),
    limit=st.none() | st.integers(),
    columns=st.lists(st.text()).map(tuple),
    shuffle=st.booleans(),
)


@pytest.mark.slow
@given(options)
def test_options_written_and_read_are_the_same(given_options):
    assert parse(Example, as_dict(given_options), "[example]") == given_options


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(Example.__struct_fields__), st.none() | st.booleans() | st.floats() | st.text()
    )
)
def test_any_value_is_taken_or_refused_but_nothing_else_happens(values):
    with contextlib.suppress(suite.UserError):
        parsed(**values)


@pytest.mark.slow
@given(st.integers(-999, 1200))
def test_bounds_hold(width):
    try:
        assert 8 <= parsed(width=width).width <= 512
    except suite.UserError:
        assert not 8 <= width <= 512


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ('"3"', "3"),
        ('["a", "b"]', ["a", "b"]),
        ("cosine", "cosine"),
        ("a=b", "a=b"),
        ("", ""),
        ("C:\\data", "C:\\data"),
    ],
)
def test_a_setting_is_a_toml_value_or_else_text(text, value):
    assert parse_value(text) == value


@given(st.text())
def test_every_text_is_a_setting(text):
    parse_value(text)


def test_a_description_has_type_bounds_default_and_help():
    described = {option.name: option for option in describe(Example)}
    assert list(described) == list(Example.__struct_fields__)
    assert described["width"].type == 'int >= 8 and <= 512 | "auto"'
    assert described["width"].default == "auto"
    assert described["width"].help == "units per layer"
    assert described["dropout"].type == "float >= 0 and < 1"
    assert described["schedule"].type == '"cosine" | "constant"'
    assert described["limit"].type == "int | none"
    assert described["columns"].type == "list of str"


def test_a_number_may_be_given_where_an_option_is_text():
    class Table(Options, frozen=True):
        column: Annotated[str, Meta(description="name of the column")] = ""
        rows: int = 0

    assert parse(Table, {"column": 1, "rows": 2}, "[table]") == Table(column="1", rows=2)
    with pytest.raises(suite.UserError, match="column = True is not allowed"):
        parse(Table, {"column": True}, "[table]")


def test_what_is_of_one_data_set_is_not_used_for_another():
    class Reading(Options, frozen=True):
        images: Annotated[str, Meta(description="folder with the images", extra=OF_DATA)] = ""
        column: Annotated[str, Meta(description="with the classes")] = ""

    given = {"images": "photos", "column": "kind"}
    assert Reading.for_other_data(given, {"rows": 3}) == {"column": "kind", "rows": 3}
    assert [option.of_data for option in describe(Reading)] == [True, False]


@pytest.mark.parametrize("value", ["x" * 5000, [10**5000], 10**5000], ids=["text", "list", "number"])
def test_a_message_stays_short_whatever_the_value_is(value):
    with pytest.raises(suite.UserError) as caught:
        parse(Example, {"width": value}, "[model]")
    assert len(str(caught.value)) < 500
