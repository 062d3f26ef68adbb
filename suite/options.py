"""Typed options: frozen classes with bounds and a help text per field, checked before Keras is imported.

    class ResidualOptions(Options):
        dropout: Annotated[float, Meta(ge=0, lt=1, description="share of features dropped")] = 0.0
        width: Annotated[Auto | Annotated[int, Meta(ge=8)], Meta(description="...")] = "auto"

A field whose default is "auto" is chosen from the data and the device (see `resolved`); what was chosen is
printed and written to the run's `config.toml`. A value that the user gives is never replaced.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from suite.documents import toml_value
from suite.errors import UserError, nearest
from suite.other_words import values_meant
from suite.wording import shown

__all__ = [
    "FROM_REQUESTS",
    "OF_DATA",
    "Auto",
    "Meta",
    "NoOptions",
    "Option",
    "Options",
    "as_dict",
    "chosen",
    "describe",
    "parse",
    "parse_value",
    "resolved",
]

Auto = Literal["auto"]

OF_DATA = {"of_data": True}
"""`Meta(extra=OF_DATA)`: of a loader's option that is not to be used for other data: a folder, say."""


FROM_REQUESTS = {"from_requests": True}
"""`Meta(extra=FROM_REQUESTS)`: of an option of prediction that holds texts and names no file, so that whoever
asks a server may set it. Options without texts may be set in any case."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every contribution's options. Each field needs a default and `Meta(description=...)`."""

    @classmethod
    def for_other_data(cls, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """A loader's options for other data than those that they were given for.

        Override it where an option that fits one data set must not fail on another: what was given for that
        one still must.

        Args:
            values: by name, as they were given for one data set.
            given: those that were given for the other one; they win.

        Returns:
            All of these, but for those of `values` that mean something for one data set only (`OF_DATA`).
        """
        own = {option.name for option in describe(cls) if option.of_data}
        return {**{name: value for name, value in values.items() if name not in own}, **given}


class NoOptions(Options, frozen=True):
    """For a contribution that takes none."""


OptionsType = TypeVar("OptionsType", bound=Options)


def parse(options: type[OptionsType], values: Mapping[str, Any], where: str) -> OptionsType:
    """Check `values` against the fields of `options` and return an instance.

    Args:
        options: the class to build.
        values: what the user gave, by name; numbers may be given as text, text as numbers (a column may be
            called 1), and lists as text with commas or as one number.
        where: what a message calls these options, "[training]" say.

    Raises:
        UserError: for a name that is not known (with the nearest one), and for a value of the wrong
            type or out of bounds.
    """
    known = options.__struct_fields__
    for name in values:
        if name not in known:
            raise UserError(f"{where} has no option '{name}': {nearest(name, known)}")
    try:
        parsed = msgspec.convert(_as_taken(options, values), options, strict=False)
    except TypeError as error:  # the class is at fault, not a value
        raise TypeError(_misplaced_bounds(options) or str(error)) from None
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`").partition("[")[0].partition(".")[0]
        given = f" = {shown(values[name])}" if name in values else ""
        described = {option.name: option for option in describe(options)}
        kind = described[name].type if name in described else "?"
        reason = re.sub("`[^`]*`", lambda kinds: kinds[0].replace("array", "list"), reason)
        reason = f"{reason[:1].lower()}{reason[1:200].replace('`', '')}"
        if "matching regex" in reason:
            reason = f"it is {described[name].help}"
        meant = _value_meant(options, values, name)
        if meant is not None:
            reason = f"did you mean {meant!r}?"
        raise UserError(
            f"{where}: {name}{given} is not allowed: {reason} (an option of type {kind})"
        ) from None
    for name in values:
        number = _endless(getattr(parsed, name))
        if number is not None:
            raise UserError(f"{where}: {name} = {number} is not allowed: give a finite number")
    return parsed


def _misplaced_bounds(options: type[Options]) -> str:
    """What to do about a field whose bounds are for "auto" too; "" if none has such bounds.

    msgspec says it without the name of the field.
    """
    for name, hint in get_type_hints(options, include_extras=True).items():
        try:
            msgspec.convert("auto", hint)
        except TypeError:
            inside = [each for each in get_args(get_args(hint)[0]) if each in (int, float, str)]
            if get_origin(hint) is Annotated and inside:
                kind = inside[0].__name__
                return (
                    f"field '{name}': put the bounds on the {kind} inside: {name}: Annotated[Auto |"
                    f" Annotated[{kind}, Meta(ge=...)], Meta(description=...)]"
                )
        except msgspec.ValidationError:
            continue
    return ""


def _endless(value: Any) -> float | None:
    """A number in an option that is none or has no end: no option takes one, and bounds do not see NaN."""
    if isinstance(value, float):
        return None if math.isfinite(value) else value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for each in inner if (found := _endless(each)) is not None), None)


def _as_taken(options: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """Whole numbers as text where an option is only text; `0.8,1.2` and a number as lists where it is one."""
    if not any(type(value) in (int, float, str) for value in values.values()):
        return dict(values)
    kinds = _kinds(options)
    return {name: _value_taken(value, kinds[name]) for name, value in values.items()}


@lru_cache(maxsize=64)
def _kinds(options: type[Options]) -> dict[str, list[Any]]:
    """What each option may be: to read the hints takes milliseconds, and servers parse for each request."""
    return {name: _alternatives(hint) for name, hint in get_type_hints(options, include_extras=True).items()}


def _alternatives(hint: Any) -> list[Any]:
    """The types of a hint without bounds, and the values of a `Literal`."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) is Annotated:
        return _alternatives(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return [kind for each in get_args(hint) for kind in _alternatives(each)]
    return [hint]


def _value_taken(value: Any, kinds: list[Any]) -> Any:
    if type(value) is int and kinds == [str]:
        return str(value)
    if value in kinds or str in kinds or not any(get_origin(kind) in (list, tuple) for kind in kinds):
        return value
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()] or value
    return [value] if type(value) in (int, float) and not {int, float, bool} & set(kinds) else value


def _value_meant(options: type[Options], values: Mapping[str, Any], name: str) -> str | None:
    """What another tool's value is called here, if the option takes that."""
    value = values.get(name)
    if (
        not isinstance(value, str | int)
        or len(text := shown(value) if isinstance(value, int) else value) > 100
    ):
        return None
    for candidate in values_meant(text):
        try:
            msgspec.convert({name: candidate}, options, strict=False)
        except msgspec.ValidationError:
            continue
        return candidate
    return None


def as_dict(options: Options) -> dict[str, Any]:
    """The options as plain TOML and JSON values, in the order of their declaration."""
    built: dict[str, Any] = msgspec.to_builtins(options)
    return built


def resolved(options: OptionsType, chosen: Mapping[str, Any]) -> OptionsType:
    """`options` with every "auto" replaced by what was chosen; what the user gave stays."""
    return msgspec.structs.replace(
        options, **{name: value for name, value in chosen.items() if getattr(options, name) == "auto"}
    )


Value = TypeVar("Value")


def chosen(value: Value | Auto, default: Value) -> Value:
    """`value`, or `default` if it is "auto"."""
    return default if isinstance(value, str) and value == "auto" else value


def parse_value(text: str) -> Any:
    """The value of `--set key=value`: read as a TOML value if it is one, else as the text itself.

    Raises:
        UserError: if it is one that cannot be read: nested too deeply, say.
    """
    return toml_value(text)


@dataclass(frozen=True)
class Option:
    """A field of an options class, as `suite show` prints it."""

    name: str
    type: str
    default: Any
    help: str
    of_data: bool = False
    """Whether its value means something for one data set only (a folder, say): `Meta(extra=OF_DATA)`."""
    from_requests: bool = True
    """Whether whoever asks a server may set it: it holds no text, or `Meta(extra=FROM_REQUESTS)`."""


def describe(options: type[Options]) -> list[Option]:
    """The fields of `options` with their types (bounds included), defaults and help texts."""
    hints = get_type_hints(options, include_extras=True)
    described = []
    for field in msgspec.structs.fields(options):
        hint = hints[field.name]
        help_text, of_data, harmless = "", False, False
        if get_origin(hint) is Annotated:
            for extra in get_args(hint)[1:]:
                if isinstance(extra, Meta) and extra.description:
                    help_text = extra.description
                more = (extra.extra or {}) if isinstance(extra, Meta) else {}
                of_data |= more.get("of_data") is True
                harmless |= more.get("from_requests") is True
        default = field.default_factory() if callable(field.default_factory) else field.default
        kind = _type_text(hint)
        from_requests = harmless or "str" not in kind.replace("list of ", "").split(" | ")
        described.append(Option(field.name, kind, default, help_text, of_data, from_requests))
    return described


def _type_text(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        bounds = " and ".join(
            f"{sign} {value if isinstance(value, int) else format(value, 'g')}"
            for extra in extras
            if isinstance(extra, Meta)
            for sign, value in ((">=", extra.ge), (">", extra.gt), ("<=", extra.le), ("<", extra.lt))
            if value is not None
        )
        return f"{_type_text(base)} {bounds}".strip()
    if get_origin(hint) is Literal:
        return " | ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in get_args(hint))
    if hint is type(None):
        return "none"
    arguments = get_args(hint)
    if get_origin(hint) in (tuple, list):
        return f"list of {_type_text(arguments[0])}"
    if arguments:
        return " | ".join(_type_text(argument) for argument in arguments)
    return getattr(hint, "__name__", str(hint))
