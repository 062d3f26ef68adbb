"""`suite show TASK [NAME]`: what there is for a task, and the options of one of it.

Also `suite show training`, `split` and `runtime`: the options that belong to no plugin.
"""

from __future__ import annotations

import argparse
from typing import Any

from suite.cli.main import host_from
from suite.cli.tables import aligned, json_text, wrapped
from suite.contributions import Contributed, Metric, ModelBuilder, Task
from suite.errors import UserError, nearest
from suite.evaluation.metrics import default_metrics, metric_of
from suite.host import Host
from suite.options import Option, Options, describe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "task", metavar="TASK", help="a task's name, as 'suite tasks' lists them; or training, split, runtime"
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a loader, model builder or evaluator: show its options"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    host = host_from(arguments)
    general = _general_options(arguments.task)
    if general is not None and arguments.name is None:
        print(
            json_text(_options_as_json(general)) if arguments.json else _general_text(arguments.task, general)
        )
        return 0
    task = host.find_task(arguments.task)
    if arguments.name is None:
        offered = host.contributions(task.full_name)
        metric = metric_of(task.item, default_metrics(host, task))
        as_json = arguments.json
        print(
            json_text(_task_as_json(task.item, metric, offered))
            if as_json
            else _task_text(task.item, metric, offered)
        )
        return 0
    named = _named(host, task, arguments.name)
    if arguments.json:
        print(json_text([_as_json(one, options=True) for one in named]))
    else:
        print("\n\n".join(_text(one) for one in named))
    return 0


def _general_options(name: str) -> list[Option] | None:
    """The options of a table of the configuration that is no plugin's, or None where `name` is none."""
    from suite.training_options import RuntimeOptions, SplitOptions, TrainingOptions

    tables: dict[str, type[Options]] = {
        "split": SplitOptions,
        "training": TrainingOptions,
        "runtime": RuntimeOptions,
    }
    return describe(tables[name]) if name in tables else None


def _general_text(table: str, options: list[Option]) -> str:
    return f"[{table}]: --set {table}.OPTION=VALUE\n\n{_options_text(options)}"


def _named(host: Host, task: Contributed[Task], name: str) -> list[Contributed]:
    """Everything called `name`, of whatever kind: a loader and an evaluator may share a name."""
    plugin, _, bare = name.rpartition(":")
    offered = host.contributions(task.full_name)
    found = [one for one in offered if one.item.name == bare and plugin in ("", one.plugin)]
    if not found:
        known = [f"{one.plugin}:{one.item.name}" if plugin else one.item.name for one in offered]
        broken = "".join(
            f"\nplugin '{other.name}' could not be loaded and may offer it: {other.error}"
            for other in host.broken
        )
        raise UserError(f"task '{task.name}' has nothing called '{name}': {nearest(name, known)}{broken}")
    return found


def _task_text(task: Task, metric: Metric, offered: list[Contributed]) -> str:
    better = "higher" if metric.higher_is_better else "lower"
    defaults = {task.builder, *task.evaluators}
    rows = [[one.kind, one.item.name, one.plugin, _with_default(one, defaults)] for one in offered]
    lines = [
        f"{task.name}: {task.summary}",
        f"weights are chosen by {task.metric} on validation ({better} is better)",
        "",
        aligned([["KIND", "NAME", "PLUGIN", ""], *rows]) if rows else "nothing is installed for it",
        *(["", f"predict writes --out in the formats {', '.join(task.formats)}"] if task.formats else []),
        *(
            ["", f"a report compares with {', '.join(task.reference_models)}"]
            if task.reference_models
            else []
        ),
        "",
        f"'suite show {task.name} NAME' lists the options of one.",
    ]
    return "\n".join(lines)


def _with_default(one: Contributed, defaults: set[str]) -> str:
    is_default = one.kind != "data loader" and one.item.name in defaults
    return " ".join(filter(None, [one.item.summary, "(default)" if is_default else ""]))


def _text(one: Contributed) -> str:
    lines = [str(one)]
    if one.item.summary:
        lines.append(one.item.summary)
    lines += ["", _options_text(_options(one))]
    if prediction := _prediction_options(one):
        lines += [
            "",
            "at prediction, suite predict RUN ... --set OPTION=VALUE:",
            "",
            _options_text(prediction),
        ]
    return "\n".join(lines)


def _options_text(options: list[Option]) -> str:
    """Two lines per option: what it is set to and may be, and what it does."""
    if not options:
        return "it takes no options"
    settings = [f"{option.name} = {_value_text(option.default)}" for option in options]
    width = min(max(map(len, settings)), 40)
    lines = []
    for option, setting in zip(options, settings, strict=True):
        lines.append(f"  {setting:<{width}}   {option.type}")
        lines.append(wrapped("      ", option.help))
    return "\n".join(lines)


def _value_text(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


def _options(one: Contributed) -> list[Option]:
    return [] if isinstance(one.item, Task) else describe(one.item.options)


def _prediction_options(one: Contributed) -> list[Option]:
    return describe(one.item.prediction_options) if isinstance(one.item, ModelBuilder) else []


def _task_as_json(task: Task, metric: Metric, offered: list[Contributed]) -> dict[str, Any]:
    return {
        "name": task.name,
        "summary": task.summary,
        "metric": task.metric,
        "higher_is_better": metric.higher_is_better,
        "builder": task.builder,
        "evaluators": list(task.evaluators),
        "formats": list(task.formats),
        "reference_models": list(task.reference_models),
        "contributions": [_as_json(one) for one in offered],
    }


def _as_json(one: Contributed, *, options: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {
        "kind": one.kind,
        "name": one.item.name,
        "plugin": one.plugin,
        "summary": one.item.summary,
    }
    if options:
        described["options"] = _options_as_json(_options(one))
        if isinstance(one.item, ModelBuilder):
            described["prediction_options"] = _options_as_json(_prediction_options(one))
    return described


def _options_as_json(options: list[Option]) -> list[dict[str, Any]]:
    return [
        {"name": option.name, "type": option.type, "default": option.default, "help": option.help}
        for option in options
    ]
