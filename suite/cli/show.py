"""`suite show TASK [NAME]`: what there is for a task, and the options of any of it.

Also `suite show RUN`: what a trained model is, reads and writes; `suite show TASK --types`: the types that
its loaders, builders and evaluators share; and `suite show training`, `split` and `runtime`: the options that
belong to no plugin.
"""

from __future__ import annotations

import argparse
from typing import Any

from suite.cli.main import host_from
from suite.cli.show_model import is_model, shown_model
from suite.cli.tables import aligned, json_text, wrapped
from suite.contributions import Contributed, Metric, ModelBuilder, Task
from suite.errors import PluginError, UserError, attributed, nearest
from suite.evaluation.metrics import default_metrics, metric_of
from suite.host import Host
from suite.options import Option, Options, describe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "task",
        metavar="TASK",
        help="a task's name, as 'suite tasks' lists them; training, split or runtime; or a run, or a folder"
        " that 'suite export' wrote",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="a loader, model builder, evaluator or listener: show its options",
    )
    parser.add_argument(
        "--types", action="store_true", help="show the types of facts, input, target and prediction"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    if arguments.types and arguments.name is not None:
        raise UserError(f"--types shows the types of a whole task: leave out '{arguments.name}'")
    host = host_from(arguments)
    general = _general_options(arguments.task)
    if general is not None and arguments.name is None:
        if arguments.types:
            raise UserError(f"--types is for a task, and '{arguments.task}' are options")
        text, as_json = _general_text(arguments.task, general), _options_as_json(general)
    elif arguments.name is None and not arguments.types and is_model(host, arguments.task):
        text, as_json = shown_model(host, arguments.task)
    else:
        text, as_json = _of_task(host, arguments.task, arguments.name, types=arguments.types)
    print(json_text(as_json) if arguments.json else text)
    return 0


def _of_task(host: Host, name: str, contribution: str | None, *, types: bool) -> tuple[str, Any]:
    """What is shown of a task or of one of its contributions: as text, and as JSON."""
    task = host.find_task(name)
    if types:
        return _types(task)
    if contribution is not None:
        named = _named(host, task, contribution)
        text = "\n\n".join(_text(contributed) for contributed in named)
        return text, [_as_json(contributed, options=True) for contributed in named]
    offered = host.contributions(task.full_name)
    metric = metric_of(task.item, default_metrics(host, task))
    listeners = [listener.name for listener in host.listeners()]
    as_json = {**_task_as_json(task.item, metric, offered), "listeners": listeners}
    return _task_text(task.item, metric, offered, listeners), as_json


def _types(task: Contributed[Task]) -> tuple[str, Any]:
    """The documentation of the module that the task names for its types."""
    from suite.cli.module_documentation import module_documentation

    module = task.item.types
    if not module:
        text = f"task '{task.name}' of plugin '{task.plugin}' names no module that documents its types"
        return text, {"module": None, "documentation": None}
    try:
        with attributed(str(task)):
            documentation = module_documentation(module)
    except PluginError as error:
        raise PluginError(f"{task} names '{module}' for its types: {error}") from None
    return f"the types of {task}, from {module}\n\n\n{documentation}", {
        "module": module,
        "documentation": documentation,
    }


def _general_options(name: str) -> list[Option] | None:
    """The options of a table of the configuration that is no plugin's, or None if `name` is none."""
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
    offered = [*host.contributions(task.full_name), *host.listeners()]
    named = [
        contributed
        for contributed in offered
        if contributed.item.name == bare and plugin in ("", contributed.plugin)
    ]
    if not named:
        known = [contributed.full_name if plugin else contributed.name for contributed in offered]
        broken = "".join(
            f"\nplugin '{failed.name}' could not be loaded and may offer it: {failed.error}"
            for failed in host.broken
        )
        raise UserError(f"task '{task.name}' has nothing called '{name}': {nearest(name, known)}{broken}")
    return named


def _task_text(task: Task, metric: Metric, offered: list[Contributed], listeners: list[str]) -> str:
    better = "higher" if metric.higher_is_better else "lower"
    defaults = {task.builder, *task.evaluators}
    rows = [
        [contributed.kind, contributed.name, contributed.plugin, _with_default(contributed, defaults)]
        for contributed in offered
    ]
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
        *(["", f"train shows a training elsewhere with --log {', '.join(listeners)}"] if listeners else []),
        "",
        f"'suite show {task.name} NAME' lists the options of any of them.",
    ]
    return "\n".join(lines)


def _with_default(contributed: Contributed, defaults: set[str]) -> str:
    is_default = contributed.kind != "data loader" and contributed.name in defaults
    return " ".join(filter(None, [contributed.item.summary, "(default)" if is_default else ""]))


def _text(contributed: Contributed) -> str:
    lines = [str(contributed)]
    if contributed.item.summary:
        lines.append(contributed.item.summary)
    lines += ["", _options_text(_options(contributed))]
    if prediction := _prediction_options(contributed):
        lines += [
            "",
            "at prediction, suite predict RUN ... --set OPTION=VALUE:",
            "",
            _options_text(prediction),
        ]
    return "\n".join(lines)


def _options_text(options: list[Option]) -> str:
    """Two lines per option: its default and the values it may have, and what it does."""
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


def _options(contributed: Contributed) -> list[Option]:
    item = contributed.item
    return [] if isinstance(item, Task) else describe(item.options)


def _prediction_options(contributed: Contributed) -> list[Option]:
    item = contributed.item
    return describe(item.prediction_options) if isinstance(item, ModelBuilder) else []


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
        "contributions": [_as_json(contributed) for contributed in offered],
    }


def _as_json(contributed: Contributed, *, options: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {
        "kind": contributed.kind,
        "name": contributed.name,
        "plugin": contributed.plugin,
        "summary": contributed.item.summary,
    }
    if options:
        described["options"] = _options_as_json(_options(contributed))
        if isinstance(contributed.item, ModelBuilder):
            described["prediction_options"] = _options_as_json(_prediction_options(contributed))
    return described


def _options_as_json(options: list[Option]) -> list[dict[str, Any]]:
    return [
        {"name": option.name, "type": option.type, "default": option.default, "help": option.help}
        for option in options
    ]
