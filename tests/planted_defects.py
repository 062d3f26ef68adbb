"""Plugins with one defect each that need no network: what it is, which check finds it, and what that says."""

from __future__ import annotations

import itertools
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

import suite
import toy_plugin
from broken_plugins import plugin
from suite.options import Meta, Options

METRICS = {"accuracy": suite.Metric(label="accuracy", share=True)}
ALL_WRONG = [{"id": str(index), "numbers": [0.0] * 8, "trend": "flat"} for index in range(9)]
draws = random.Random(7)
counted = itertools.count()


class Undescribed(Options, frozen=True):
    target: str = "trend"


class OutOfBounds(Options, frozen=True):
    target: Annotated[str, Meta(max_length=2, description="the key of the target")] = "trend"


class OfAnyType(Options, frozen=True):
    target: Annotated[Any, Meta(description="the key of the target")] = "trend"


class Undeclared:
    """Writes nothing."""

    def __init__(self, path: Path, facts: Any, claims: str = "") -> None:
        self.claims = [path.with_name(claims)] if claims else []

    def add(self, raw: Any, name: str, prediction: Any) -> None:
        pass

    def close(self) -> list[Path]:
        return self.claims


class Raising(Undeclared):
    def add(self, raw: Any, name: str, prediction: Any) -> None:
        raise KeyError("label")


def raising(*arguments: Any) -> Any:
    raise KeyError("no luck")


def sample(change: Callable[[Any], Any]) -> dict[str, Any]:
    """A task whose sample is changed."""
    return {"sample": lambda: change(toy_plugin.sample())}


def without_validation(dataset: Any) -> Any:
    return suite.Dataset(train=dataset.train, test=dataset.test, facts=dataset.facts)


def without_targets(dataset: Any) -> Any:
    train = [suite.Example(example.id, example.input) for example in dataset.train]
    return suite.Dataset(train=train, validation=dataset.validation, test=dataset.test, facts=dataset.facts)


def shuffled(dataset: Any) -> Any:
    draws.shuffle(dataset.train)
    return dataset


def huge(dataset: Any) -> Any:
    many = [suite.Example(str(index), [0.0] * 8, "rising") for index in range(6_000)]
    return suite.Dataset(train=many, validation=many[:3], test=many[:3], facts=dataset.facts)


def refusing(dataset: Any) -> None:
    raise suite.UserError("train/1: there is no such trend")


def trusting(dataset: Any) -> None:
    for example in dataset.train:
        example.target.upper()


def guessing(train: Any, examples: Any, facts: Any) -> Any:
    return [toy_plugin.Trend(trend="rising", probability=next(counted) + 0.0) for _ in examples]


def found_wrong(dataset: Any, progress: Any) -> Any:
    return suite.Inspection(findings=[suite.Finding(text="half of the rows are alike")])


TASKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name in capitals": ({"name": "Trend"}, "name-and-summary", "lower case with hyphens"),
    "no summary": ({"summary": " "}, "name-and-summary", "has no summary"),
    "a summary of two lines": ({"summary": "a\nb"}, "name-and-summary", "one line"),
    "a type that is nowhere": (
        {"types": "toy_typess"},
        "addresses-resolve",
        "toy_typess cannot be imported",
    ),
    "a prediction type that is nowhere": (
        {"prediction_type": suite.lazy("toy_plugin:Trends")},
        "addresses-resolve",
        "toy_plugin has no 'Trends'",
    ),
    "a sample in a module that is nowhere": (
        {"sample": suite.lazy("toy_samples:sample")},
        "addresses-resolve",
        "there is no module 'toy_samples': mend the address",
    ),
    "a sample that cannot be called": (
        {"sample": suite.lazy("toy_plugin:LENGTH")},
        "addresses-resolve",
        "which is 8 and cannot be called",
    ),
    "a default builder that is not there": (
        {"builder": "dens"},
        "defaults-exist",
        "default builder 'dens'.*did you mean 'dense'",
    ),
    "a default evaluator that is not there": ({"evaluators": ("hit",)}, "defaults-exist", "evaluator 'hit'"),
    "a metric that nobody declares": (
        {"metric": "acuracy"},
        "defaults-exist",
        "metric 'acuracy', which none.*did you mean 'accuracy'",
    ),
    "a sample that is a list": (sample(lambda dataset: [1]), "task-sample", "gives list: return a suite.Dat"),
    "a sample that raises": (
        {"sample": raising},
        "task-sample",
        "raises KeyError in planted_defects.py, line",
    ),
    "a sample without validation": (sample(without_validation), "task-sample", "has no validation split"),
    "a sample without targets": (sample(without_targets), "task-sample", "examples without a target"),
    "a sample that changes": (sample(shuffled), "task-sample", "another one each time.*fixed seed"),
    "a sample that is large": (sample(huge), "task-sample", "6,006 examples: a few dozen"),
    "a sample that its task refuses": ({"check": refusing}, "task-sample", "there is no such trend"),
    "a check that trusts": (
        {"check": trusting},
        "task-check-answers",
        "raises AttributeError in planted_defects.py.*the target None: raise suite.UserError",
    ),
    "a baseline of one": (
        {"baseline": lambda train, examples, facts: ["a"]},
        "task-baseline",
        "predicts 1 of 24 examples",
    ),
    "a baseline of texts": (
        {"baseline": lambda train, examples, facts: ["a"] * len(examples)},
        "task-baseline",
        "gives a str for a prediction",
    ),
    "a baseline that changes": ({"baseline": guessing}, "task-baseline", "something else each time"),
    "a baseline that raises": ({"baseline": raising}, "task-baseline", "raises KeyError in planted_defects"),
    "a reference model that raises": (
        {"reference_models": {"a tree": raising}},
        "task-reference-model",
        "raises KeyError",
    ),
    "a reference model of one": (
        {"reference_models": {"a tree": lambda train, examples, facts: [toy_plugin.Trend(trend="rising")]}},
        "task-reference-model",
        "predicts 1 of 24",
    ),
    "an inspection that is a dictionary": (
        {"inspect": lambda dataset, progress: {}},
        "task-inspect",
        "gives dict: return a suite.Inspection",
    ),
    "an inspection that raises": ({"inspect": raising}, "task-inspect", "raises KeyError"),
    "an inspection of its own sample": (
        {"inspect": found_wrong},
        "task-inspect",
        "finds its own sample wrong: half of the rows",
    ),
    "a preview of nothing": ({"preview": lambda examples, facts: []}, "task-preview", "gives no figure"),
    "a preview of texts": (
        {"preview": lambda examples, facts: ["a row"]},
        "task-preview",
        "what no page can show",
    ),
    "a format that writes nothing": (
        {"formats": {"rows": Undeclared}},
        "task-format",
        "format 'rows'.*names no file",
    ),
    "a format that names another file": (
        {"formats": {"rows": lambda path, facts: Undeclared(path, facts, "other.csv")}},
        "task-format",
        "other.csv, and there is no such file",
    ),
    "a format that raises": ({"formats": {"rows": Raising}}, "task-format", "raises KeyError in planted_def"),
    "a perfect prediction that is a text": (
        {"perfect": lambda target, facts: target},
        "task-perfect",
        "gives a str for a prediction",
    ),
}
"""By the defect of a task: what is changed, the check, and a pattern of its message."""


def reading(change: Callable[[Any], Any]) -> dict[str, Any]:
    """A loader that changes what it has read."""
    return {"load": lambda path, options: change(toy_plugin.load(path, options))}


def without_last(dataset: Any) -> Any:
    return suite.Dataset(
        train=dataset.train[:-1], validation=dataset.validation, test=dataset.test, facts=dataset.facts
    )


def with_targets_of_others(dataset: Any) -> Any:
    train = [suite.Example(example.id, example.input, "rising") for example in dataset.train]
    return suite.Dataset(train=train, validation=dataset.validation, test=dataset.test, facts=dataset.facts)


def with_one_id(dataset: Any) -> Any:
    train = [suite.Example("row", example.input, example.target) for example in dataset.train]
    return suite.Dataset(train=train, validation=dataset.validation, test=dataset.test, facts=dataset.facts)


def careless(path: Path, options: Any) -> Any:
    """Reads lines and believes that they are right."""
    import json

    return toy_plugin._dataset([json.loads(line) for line in path.read_text().splitlines()], options.target)


def complete(path: Path) -> list[str]:
    """The lines of a file that is no damaged one."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise suite.UserError(f"{path}: it is no text") from None
    if not text.endswith("}\n"):
        raise suite.UserError(f"{path}: its end is missing")
    return text.splitlines()


def without_junk(path: Path, options: Any) -> Any:
    """Reads complete files, and believes that each of their lines is JSON."""
    import json

    return toy_plugin._dataset([json.loads(line) for line in complete(path)], options.target)


def without_null(path: Path, options: Any) -> Any:
    """Reads JSON, and believes that each value is of its type."""
    import json

    try:
        rows = [json.loads(line) for line in complete(path)]
    except ValueError as error:
        raise suite.UserError(f"{path}: {error}") from None
    for row in rows:
        toy_plugin._check_texts(row, options.target, str(path))
        row["numbers"] = [float(number) for number in row["numbers"]]
    return toy_plugin._dataset(rows, options.target)


def short(path: Path, options: Any) -> Any:
    raise suite.UserError("no")


def of_names(path: Path, options: Any) -> Any:
    if path.is_dir():
        return {}["train"]
    return toy_plugin.load(path, options)


LOADERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name with underscores": ({"name": "json_lines"}, "name-and-summary", "lower case with hyphens"),
    "options without a description": (
        {"options": Undescribed},
        "options",
        r"no description of 'target': target: Annotated\[str, Meta\(description=",
    ),
    "a default out of bounds": ({"options": OutOfBounds}, "options", "a default that is not allowed"),
    "an option of any type": ({"options": OfAnyType}, "options", "'target' of any type: say which"),
    "a task that is nowhere": ({"task": "trends"}, "task-exists", "no task 'trends': did you mean 'trend'"),
    "detect that raises": ({"detect": raising}, "loader-answers-nothing", "detect.*raises KeyError.*False"),
    "detect that gives a number": (
        {"detect": lambda path: 1},
        "loader-answers-nothing",
        "gives 1 for a path where nothing is",
    ),
    "detect of everything": (
        {"detect": lambda path: True},
        "loader-answers-nothing",
        "recognizes a path where nothing is",
    ),
    "an answer of one word": ({"load": short}, "loader-answers-nothing", "says no more than 'no'"),
    "a folder that raises": (
        {"load": of_names},
        "loader-answers-nothing",
        "raises KeyError in planted_defects.py.* for an empty folder: raise suite.UserError",
    ),
    "detect of nothing": (
        {"detect": lambda path: False},
        "loader-reads-its-format",
        "does not recognize .*rows.jsonl",
    ),
    "the last line is lost": (reading(without_last), "loader-reads-its-format", "47 examples of the 48"),
    "targets of others": (
        reading(with_targets_of_others),
        "loader-reads-its-format",
        "no example with the target falling",
    ),
    "ids of others": (reading(with_one_id), "loader-reads-its-format", "'row'"),
    "another order each time": (reading(shuffled), "loader-reads-its-format", "an other order the second"),
    "a format that is not written": (
        {"write_sample": lambda dataset, folder: None},
        "loader-reads-its-format",
        "gives None: it returns the path",
    ),
    "damage that raises": (
        {"load": careless},
        "loader-answers-damage",
        "raises (JSONDecodeError|UnicodeDecodeError) in planted_defects.py.*data that is cut off",
    ),
    "a line of junk that raises": (
        {"load": without_junk},
        "loader-answers-damage",
        "raises JSONDecodeError in planted_defects.py.* for a line of junk: raise suite.UserError",
    ),
    "a null that raises": (
        {"load": without_null},
        "loader-answers-damage",
        'raises TypeError in planted_defects.py.* for null for "numbers": raise suite.UserError',
    ),
}


def scoring(function: Callable[[Any], Any]) -> dict[str, Any]:
    """An evaluator that computes something else."""
    return {"evaluate": lambda pairs, options: function(pairs)}


def share(pairs: Any) -> float:
    right = sum(p.trend == target for target, p in zip(pairs.targets, pairs.predictions, strict=True))
    return right / len(pairs)


def drawn_badly(pairs: Any) -> Any:
    return suite.Evaluation(score=lambda indices: {"accuracy": share(pairs.at(indices))}, figures=lambda: [1])


EVALUATORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a metric with a space": (
        {"metrics": {**METRICS, "top 5": suite.Metric(label="top 5")}},
        "name-and-summary",
        "a metric 'top 5'",
    ),
    "two metrics of one label": (
        {"metrics": {**METRICS, "hits": suite.Metric(label="accuracy")}},
        "name-and-summary",
        "has 2 metrics with the label 'accuracy': give each its own",
    ),
    "no metrics": ({"metrics": {}}, "evaluator-gives-its-metrics", "declares no metrics"),
    "a metric of another name": (
        scoring(lambda pairs: {"acc": share(pairs)}),
        "evaluator-gives-its-metrics",
        "declares 'accuracy' and does not give it",
    ),
    "a metric that is not declared": (
        scoring(lambda pairs: {"accuracy": share(pairs), "errors": 1.0}),
        "evaluator-gives-its-metrics",
        "gives 'errors' and does not declare it",
    ),
    "a number that is none": (
        scoring(lambda pairs: {"accuracy": float("nan")}),
        "evaluator-gives-its-metrics",
        "no finite number for 'accuracy'",
    ),
    "a share of a hundred": (
        scoring(lambda pairs: {"accuracy": 100 * share(pairs)}),
        "evaluator-gives-its-metrics",
        "which it declares a share",
    ),
    "a text for a number": (
        scoring(lambda pairs: {"accuracy": "high"}),
        "evaluator-gives-its-metrics",
        "accuracy",
    ),
    "a figure that is none": (scoring(drawn_badly), "evaluator-gives-its-metrics", "figure"),
    "a score of the first pair": (
        scoring(lambda pairs: {"accuracy": float(pairs.predictions[0].trend == pairs.targets[0])}),
        "evaluator-ignores-order",
        "for the same pairs in another order",
    ),
    "a score that counts calls": (
        scoring(lambda pairs: {"accuracy": 1 / (1 + next(counted))}),
        "evaluator-ignores-order",
        "another order|a second time",
    ),
    "a direction that is wrong": (
        {"metrics": {"accuracy": suite.Metric(label="accuracy", higher_is_better=False)}},
        "evaluator-prefers-right-predictions",
        "declares that a lower number is better: look at higher_is_better",
    ),
    "misses for hits": (
        scoring(lambda pairs: {"accuracy": 1 - share(pairs)}),
        "evaluator-prefers-right-predictions",
        "accuracy = 0 for predictions that are right",
    ),
    "a score that needs the examples": (
        scoring(lambda pairs: {"accuracy": share(pairs) + 0 * len(pairs.examples[0].input)}),
        "evaluator-scores-without-examples",
        "raises TypeError in planted_defects.py",
    ),
    "a score that needs two": (
        scoring(lambda pairs: {"accuracy": share(pairs) + 0 * statistics.variance(range(len(pairs)))}),
        "evaluator-scores-without-examples",
        "raises StatisticsError in planted_defects.py",
    ),
}

CHANGED = {
    **{f"task: {name}": (plugin(task=change), *rest) for name, (change, *rest) in TASKS.items()},
    **{f"loader: {name}": (plugin(loader=change), *rest) for name, (change, *rest) in LOADERS.items()},
    **{
        f"evaluator: {name}": (plugin(evaluator=change), *rest)
        for name, (change, *rest) in EVALUATORS.items()
    },
}
"""By the defect: the plugin, the check that finds it, and a pattern of its message."""

FILES = {
    "numpy at the top": (
        "import numpy\n",
        "declaring-is-light",
        "imports numpy when it is declared: import it",
    ),
    "a greeting": ("print('hello')\n", "declaring-is-light", "prints when it is declared .'hello'"),
    "a defect at import": (
        "import os\nif os.environ.get('NOT_HERE') is None and __name__ != 'x':\n    import no_such_module\n",
        "",
        "no_such_module",
    ),
}
"""What a plugin of one file begins with, the check that finds it (none: it is refused), and its message."""

assert np.isfinite(len(CHANGED))
