"""What a plugin can contribute: frozen, keyword-only declarations with a name and a callable.

Importing this module costs a few milliseconds: it imports neither numpy nor Keras, and a plugin that
declares its contributions must not either. Give a callable as `lazy("package.module:function")` and it
is imported when it is first called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from suite.options import NoOptions, Options

hookimpl = pluggy.HookimplMarker("suite")


@dataclass(frozen=True)
class Lazy:
    """A callable known by its address `package.module:name`, imported when first called."""

    address: str

    def resolve(self) -> Any:
        """Import the module and return the object. Errors of the import pass through."""
        module_name, _, qualified_name = self.address.partition(":")
        found: Any = importlib.import_module(module_name)
        for part in qualified_name.split("."):
            found = getattr(found, part)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.resolve()(*args, **kwargs)


def lazy(address: str) -> Lazy:
    """A callable that is imported when it is first called.

    Args:
        address: `package.module:function`, or `package.module:Class.method`.

    Raises:
        ValueError: where the address is not of that form; the import itself is not tried.
    """
    module_name, colon, qualified_name = address.partition(":")
    parts = [*module_name.split("."), *qualified_name.split(".")]
    if not colon or not all(part.isidentifier() for part in parts):
        raise ValueError(f"'{address}' is not an address of the form 'package.module:function'")
    return Lazy(address)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kind of problem, and what its loaders, builders and evaluators share.

    Attributes:
        name: lower case with hyphens.
        summary: one line for `suite tasks`.
        sample: `sample() -> Dataset`, a few made-up examples with train, validation and test parts,
            small enough to train on in seconds.
        metric: the number (of one of `evaluators`) by which weights are chosen on validation.
        higher_is_better: whether a larger `metric` is better.
        builder: the default model builder's name.
        evaluators: the default evaluators' names, in the order of the report.
        baseline: `baseline(train_targets, examples) -> list of predictions`: what one would predict for
            `examples` without learning from inputs (the majority class, say). It is scored by the same
            evaluators. None where there is no such thing.
        reference_models: classical methods to be compared with, by the name that people read ("TF-IDF with a
            linear
            SVM"): `reference_model(train, examples, facts) -> list of predictions` learns from the training
            part (a `suite.data.Examples`) and predicts `examples`, which have no targets; `facts` are those
            of the data. They are scored by the same evaluators, and a network that loses to one says so
            first. A `suite.UserError`, or a package that is not installed, leaves the reference model out
            with a note.
        explain: `explain(pairs, predict) -> figures` for the report that need the model (which words pushed a
            prediction, say): `pairs` is the `suite.evaluation.Pairs` that is scored, and `predict(raws)`
            gives a prediction for each raw thing of a sequence, as the scores are made with. Called where
            a report is written and the model is at hand.
        inspect: `inspect(dataset, progress) -> suite.data.inspection.Inspection`: what the data holds and
            what is wrong with it, beyond counts and duplicates, which the host finds itself.
            `progress(done, total)` may be called now and then with the number of examples done.
        prediction: the type of a prediction, a `msgspec.Struct` (as a lazy address): predictions are
            written to and read from JSON by it. None for plain JSON values.
        formats: other forms of predictions than lines, by the name that is typed after `--format`:
            `format(path, facts) -> suite.evaluation.prediction_files.PredictionWriter`. What `suite predict
            --out FOLDER` writes besides lines is the first one (images with boxes, say).

    A target is a plain JSON value (a string, a list of strings, ...), so that it can be written beside
    its prediction and read from anybody's file.
    """

    name: str
    summary: str
    sample: Callable[[], Any]
    metric: str
    higher_is_better: bool = True
    builder: str
    evaluators: tuple[str, ...]
    baseline: Callable[..., Any] | None = None
    reference_models: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    explain: Callable[..., Any] | None = None
    inspect: Callable[..., Any] | None = None
    prediction: Lazy | type | None = None
    formats: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataLoader:
    """Reads one format of data for one task.

    Attributes:
        name: as typed after `--loader`.
        task: the name of the task it loads data for.
        summary: one line for `suite show`.
        load: `load(path, options) -> suite.data.Dataset`. It indexes; it decodes nothing.
        detect: `detect(path) -> bool`, whether `path` is of this format, without reading much of it.
        options: the type of `options`.
    """

    name: str
    task: str
    summary: str = ""
    load: Callable[..., Any]
    detect: Callable[..., bool]
    options: type[Options] = NoOptions


@dataclass(frozen=True, kw_only=True)
class ModelBuilder:
    """Builds an untrained pipeline for one task.

    Attributes:
        name: as typed after `--model`.
        task: the name of the task.
        summary: one line for `suite show`.
        build: `build(dataset, options) -> suite.pipeline.TrainablePipeline`. Keras may be imported here.
        codec: `codec(json) -> suite.pipeline.Codec`, the codec from what its `to_json` gave. It must
            work where Keras is not installed: it is all that prediction with an exported network needs.
        options: the type of `options`.
        prediction: the type of the options at prediction, which the codec's `configured` takes.
    """

    name: str
    task: str
    summary: str = ""
    build: Callable[..., Any]
    codec: Callable[..., Any]
    options: type[Options] = NoOptions
    prediction: type[Options] = NoOptions


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Scores predictions of one task, whatever made them.

    Attributes:
        name: as named in `Task.evaluators` and `--evaluator`.
        task: the name of the task.
        summary: one line for `suite show`.
        evaluate: `evaluate(pairs, options) -> suite.evaluation.Evaluation`, or a mapping of names to
            numbers, where `pairs` is a `suite.evaluation.Pairs`.
        options: the type of `options`.
    """

    name: str
    task: str
    summary: str = ""
    evaluate: Callable[..., Any]
    options: type[Options] = NoOptions


Contribution = Task | DataLoader | ModelBuilder | Evaluator


@dataclass(frozen=True)
class Contributed:
    """A contribution and the plugin it came from."""

    plugin: str
    item: Contribution
    kind: str = field(default="")

    def __str__(self) -> str:
        return f"{self.kind} '{self.item.name}' of plugin '{self.plugin}'"
