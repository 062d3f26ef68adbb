"""Checks of what is declared: that it costs nothing, names, addresses and options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import msgspec

from suite.contributions import Contributed, Contribution, Evaluator, Lazy, ModelBuilder, Task
from suite.errors import PluginError, UserError, first_line, nearest
from suite.host import HEAVY, Host, Plugin
from suite.options import Options, as_dict, describe, parse
from suite.testing.check import DECLARED, INTERPRETER, Check
from suite.testing.fresh import alone, run_fresh

_SCIENCE = ("numpy", "scipy", "pandas", "polars", "pyarrow", "sklearn", "matplotlib", "statsforecast")
_MEDIA = ("cv2", "PIL", "librosa", "soundfile", "onnxruntime", "transformers", "datasets", "keras_hub")
WEIGHTY: tuple[str, ...] = (*HEAVY, *_SCIENCE, *_MEDIA)
"""Packages that take so long to import that `suite --help` would wait for them."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_LINE = 100

_DECLARING = """
host = pickle.loads(sent)
print()
print(json.dumps({
    "errors": [plugin.error for plugin in host.plugins if plugin.error],
    "heavy": [name for name in job["heavy"] if name in sys.modules],
}))
"""


def plugin_checks(host: Host, plugin: Plugin) -> Iterator[Check]:
    """The checks of a plugin as a whole."""
    about = f"plugin '{plugin.name}'"

    def loads() -> None:
        if plugin.error:
            raise PluginError(f"{about} cannot be used: {plugin.error}")
        if not plugin.contributions:
            raise PluginError(
                f"{about} contributes nothing: give it a hook that returns what it contributes, like"
                " suite_evaluators(), with @suite.hookimpl above it"
            )

    def declares_lightly() -> None:
        check_declaring(alone(host, plugin), about)

    yield Check(name="plugin-loads", about=about, plugin=plugin.name, make=loads)
    yield Check(
        name="declaring-is-light", about=about, plugin=plugin.name, make=declares_lightly, cost=INTERPRETER
    )


def check_declaring(host: Host, whose: str) -> None:
    """Refuse a plugin that imports something heavy in a fresh interpreter, or cannot be imported there."""
    status, printed, errors = run_fresh(_DECLARING, host, {"heavy": WEIGHTY})
    if status:
        last = (errors.strip().splitlines() or ["it says nothing"])[-1]
        raise PluginError(f"{whose} cannot be imported in a fresh interpreter: {last}")
    *spoken, answer = printed.strip().splitlines()
    found = json.loads(answer)
    remedy = ": import it in the functions that need it, or give callables as suite.lazy('module:function')"
    for error in found["errors"]:
        raise PluginError(f"{whose} cannot be used in a fresh interpreter: {error}")
    if found["heavy"]:
        raise PluginError(f"{whose} imports {found['heavy'][0]} when it is declared{remedy}")
    if spoken:
        raise PluginError(
            f"{whose} prints when it is declared ({spoken[0][:80]!r}): a library prints nothing"
        )


def declaration_checks(host: Host, contributed: Contributed) -> Iterator[Check]:
    """The checks of a contribution as it is declared."""

    def check(name: str, function: Any) -> Check:
        return Check(
            name=name,
            about=str(contributed),
            plugin=contributed.plugin,
            task=contributed.task,
            contribution=contributed.name,
            cost=DECLARED,
            make=lambda: function(contributed),
        )

    yield check("name-and-summary", _check_name)
    yield check("addresses-resolve", _check_addresses)
    if isinstance(contributed.item, Task):
        yield check("defaults-exist", lambda task: _check_defaults(host, task))
    else:
        yield check("options", _check_options)
        if contributed.task:  # a listener is for all tasks
            yield check("task-exists", lambda item: host.find_task(item.task))


def _check_name(contributed: Contributed) -> None:
    item = contributed.item
    if not _NAME.fullmatch(item.name):
        raise PluginError(f"{contributed} is not named in lower case with hyphens: 'like-this'")
    if isinstance(item, Task) and not item.summary.strip():
        raise PluginError(f"{contributed} has no summary: `suite tasks` prints that line beside its name")
    if "\n" in item.summary or len(item.summary) > _MAX_LINE:
        raise PluginError(
            f"{contributed} has a summary of {len(item.summary)} characters: it is one line of {_MAX_LINE} at"
            " most"
        )
    for name in getattr(item, "metrics", {}):
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise PluginError(
                f"{contributed} has a metric '{name}': name it in lower case with underscores, like_this, and"
                " say in its label what people read"
            )
    labels = [metric.label for metric in getattr(item, "metrics", {}).values()]
    for label in labels:
        if labels.count(label) > 1:
            raise PluginError(
                f"{contributed} has {labels.count(label)} metrics with the label '{label}': give each its"
                " own, for that is all that people see of them"
            )


def lazies(item: Contribution) -> Iterator[tuple[str, Lazy]]:
    """The addresses in a declaration, and which attribute has them."""
    for attribute in fields(item):
        value = getattr(item, attribute.name)
        values = value.values() if isinstance(value, Mapping) else [value]
        for each in values:
            if isinstance(each, Lazy):
                yield attribute.name, each


def _check_addresses(contributed: Contributed) -> None:
    for attribute, lazy in lazies(contributed.item):
        whose = f"the {attribute} of {contributed}"
        module, _, name = lazy.address.partition(":")
        try:
            found = lazy.resolve()
        except ModuleNotFoundError as error:
            raise PluginError(
                f"{whose} is at '{lazy.address}', and there is no module '{error.name}': mend the address, or"
                " install what it needs"
            ) from error
        except AttributeError:
            raise PluginError(f"{whose} is at '{lazy.address}', and {module} has no '{name}'") from None
        except Exception as error:
            raise PluginError(
                f"{whose} is at '{lazy.address}', and importing {module} raises"
                f" {type(error).__name__}: {first_line(error)}"
            ) from error
        if not callable(found):
            raise PluginError(f"{whose} is at '{lazy.address}', which is {found!r} and cannot be called")
    types = getattr(contributed.item, "types", "")
    if types:
        try:
            __import__(types)
        except ImportError as error:
            raise PluginError(f"the types of {contributed}: {types} cannot be imported: {error}") from error


def _check_defaults(host: Host, contributed: Contributed[Task]) -> None:
    task = contributed.item
    own = [each for each in host.contributions(contributed.full_name) if each.plugin == contributed.plugin]
    builders = {each.name for each in own if isinstance(each.item, ModelBuilder)}
    evaluators = {each.name: each.item for each in own if isinstance(each.item, Evaluator)}
    if task.builder not in builders:
        raise PluginError(
            f"{contributed} has the default builder '{task.builder}', and its plugin offers none of that"
            f" name: {nearest(task.builder, builders)}"
        )
    for name in task.evaluators:
        if name not in evaluators:
            raise PluginError(
                f"{contributed} has the default evaluator '{name}', and its plugin offers none of that name:"
                f" {nearest(name, evaluators)}"
            )
    metrics = {metric for name in task.evaluators for metric in evaluators[name].metrics}
    if task.metric not in metrics:
        raise PluginError(
            f"{contributed} chooses weights by the metric '{task.metric}', which none of its evaluators"
            f" declares: {nearest(task.metric, metrics)}"
        )


def _check_options(contributed: Contributed) -> None:
    kinds = {name: getattr(contributed.item, name, None) for name in ("options", "prediction_options")}
    for label, options in kinds.items():
        if options is not None:
            check_options_class(options, f"the {label} of {contributed}")


def check_options_class(options: type[Options], whose: str) -> None:
    """Refuse a class of options without a description or a type, or with a default outside its bounds."""
    try:
        described = describe(options)
        hints = get_type_hints(options, include_extras=True)
    except Exception as error:
        raise PluginError(
            f"{whose} ({options.__name__}) have a type that cannot be read: {first_line(error)}"
        ) from error
    for option in described:
        if not option.help.strip():
            raise PluginError(
                f"{whose} have no description of '{option.name}': {option.name}: Annotated[{option.type},"
                ' Meta(description="what it does")]'
            )
        if Any in (hints[option.name], *get_args(hints[option.name])):
            raise PluginError(
                f"{whose} have an option '{option.name}' of any type: say which, so that what users give is"
                " checked"
            )
    try:
        parse(options, as_dict(options()), options.__name__)
    except (TypeError, UserError, msgspec.ValidationError) as error:
        raise PluginError(f"{whose} have a default that is not allowed: {error}") from None
