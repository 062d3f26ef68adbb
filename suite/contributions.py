"""What a plugin can contribute: frozen, keyword-only declarations with a name and callables.

Importing this module costs a few milliseconds: it imports neither numpy nor Keras, and a plugin that
declares its contributions must not either. Give a callable as `lazy("package.module:function")`, and it is
imported when it is first called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import pluggy

from suite.options import NoOptions, Options

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from suite.data.dataset import Dataset, Example, Examples
    from suite.data.findings import Inspection
    from suite.evaluation.types import Evaluation, Pairs, PredictionWriter
    from suite.figures import Figure
    from suite.pipeline.codec import Codec
    from suite.pipeline.trainable import TrainablePipeline
    from suite.training.progress import Listener, RunFacts
    from suite.widgets import Widgets

    AnyOptions = TypeVar("AnyOptions", bound=Options, default=Any)
    Item_co = TypeVar("Item_co", bound="Contribution", covariant=True, default="Contribution")
else:
    from typing import TypeVar

    AnyOptions = TypeVar("AnyOptions", bound=Options)
    Item_co = TypeVar("Item_co", covariant=True)

hookimpl = pluggy.HookimplMarker("suite")


@dataclass(frozen=True)
class Lazy:
    """A callable known by its address `package.module:name`, imported when first called."""

    address: str

    def resolve(self) -> Any:
        """Import the module and return the object. Errors of the import pass through."""
        module_name, _, qualified_name = self.address.partition(":")
        found: Any = importlib.import_module(module_name)
        for attribute in qualified_name.split("."):
            found = getattr(found, attribute)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.resolve()(*args, **kwargs)


def lazy(address: str) -> Lazy:
    """A callable that is imported when it is first called.

    Args:
        address: `package.module:function`, or `package.module:Class.method`.

    Raises:
        ValueError: if the address is not of that form; the import itself is not tried.
    """
    module_name, colon, qualified_name = address.partition(":")
    names = [*module_name.split("."), *qualified_name.split(".")]
    if not colon or not all(name.isidentifier() for name in names):
        raise ValueError(f"'{address}' is not an address of the form 'package.module:function'")
    return Lazy(address)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that an evaluator gives.

    Attributes:
        label: what people read: "mAP", "macro F1".
        higher_is_better: whether a larger number is better.
        unit: what it is measured in ("bits per byte"); empty for a number without a unit.
        share: it is a share of the examples, from 0 to 1. If all examples agree, its interval is the exact
            binomial one.
        optional: some data has no such number (the accuracy of five guesses among three classes), and nobody
            needs to be told.
    """

    label: str
    higher_is_better: bool = True
    unit: str = ""
    share: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kind of problem, and what its loaders, builders and evaluators share.

    A target is a plain JSON value (a string, a list of strings, ...), so that it can be written beside
    its prediction and read from anybody's file.

    Attributes:
        name: lower case with hyphens.
        summary: one line for `suite tasks`.
        sample: `sample() -> Dataset`: a few made-up examples with train, validation and test splits,
            small enough to train on in seconds.
        metric: the metric of one of `evaluators` by which weights are chosen on validation; the evaluator
            says whether a higher one is better.
        builder: the default model builder's name; it means the one of the task's own plugin.
        evaluators: the default evaluators' names, in the order of the report.
        baseline: `baseline(train, examples, facts) -> predictions`: what one would predict for `examples`
            without learning from inputs (the majority class, say). It is scored by the same evaluators.
            None if there is no such thing.
        reference_models: classical methods to compare with, by the name that people read ("TF-IDF with a
            linear SVM"): `reference_model(train, examples, facts) -> predictions` learns from the training
            split (a `suite.data.Examples`) and predicts `examples`, which have no targets; `facts` are those
            of the data. They are scored by the same evaluators, and a network that loses to one says so
            first. A `suite.UserError`, or a package that is not installed, leaves the reference model out
            with a note.
        explain: `explain(pairs, predict) -> figures`: figures that need the model (which words pushed a
            prediction, say), in the report and by `suite predict --explain`. `pairs` is the
            `suite.evaluation.Pairs` that is scored, or the predictions of `suite predict`, all of whose
            targets are None: every one of these is to be explained, and of those that are scored what says
            most. `predict(raws)` returns a prediction for each raw input of an iterable.
        inspect: `inspect(dataset, progress) -> suite.data.Inspection`: what the data holds and what is wrong
            with it, beyond counts and duplicates, which the host finds itself. `progress(done, total)` may
            be called now and then with the number of examples done.
        preview: `preview(examples, facts) -> figures`: examples as they are read, for people to look at
            before they train: images with their boxes, recordings to listen to, texts. Decode as a codec
            does, and keep figures small: `suite inspect --preview` shows a hundred examples on one page. The
            examples of one call belong together. A `suite.UserError` for one that cannot be read is shown in
            its place. None shows a plain table.
        check: `check(dataset)` raises `suite.UserError` if a loader's data does not satisfy the task (targets
            of another type, a fact that is missing). Called for every loader, those of other plugins too.
        facts: `facts(dataset) -> facts`: what the task derives from examples that come without facts: the
            names of the classes, say.
        prediction_type: the type of a prediction, a `msgspec.Struct` (or its lazy address): predictions are
            written to and read from JSON by it. None for plain JSON values.
        formats: other forms of predictions than lines, by the name that is typed after `--format`:
            `format(path, facts) -> suite.evaluation.PredictionWriter`. The first one is what `suite predict
            --out FOLDER` writes beside lines (images with boxes, say).
        types: the module that documents facts, input, target and prediction: "suite_birds.types".
        templates: the package with what `suite new --task` begins with: "suite_birds.templates" has folders
            `model`, `format` and `evaluator`, each with files that end in `.template` and call the new plugin
            "acorn". A kind that is missing is refused, or made for plain JSON.
        perfect: `perfect(target, facts) -> prediction`: what a model that is always right would predict. The
            checks of `suite check` score it: no evaluator may rank anything above it. None if a prediction is
            of the form of a target, or if nothing can be said of it.
        widgets: how inputs and predictions are shown on the page of `suite serve`, see `suite.widgets`:
            `Widgets(input=ImageInput(), outputs=(LabelsOutput(label="label", scores="scores"),))`. None takes
            inputs of the kind that the codec reads, and shows the fields of a prediction.
    """

    name: str
    summary: str
    sample: Callable[[], Dataset]
    metric: str
    builder: str
    evaluators: tuple[str, ...]
    baseline: Callable[[Examples, Sequence[Example], Mapping[str, Any]], Sequence[Any]] | None = None
    reference_models: Mapping[
        str, Callable[[Examples, Sequence[Example], Mapping[str, Any]], Sequence[Any]]
    ] = field(default_factory=dict)
    explain: Callable[[Pairs, Callable[[Sequence[Any]], list[Any]]], Sequence[Figure]] | None = None
    inspect: Callable[[Dataset, Callable[[int, int], None]], Inspection] | None = None
    preview: Callable[[Sequence[Example], Mapping[str, Any]], Sequence[Figure]] | None = None
    check: Callable[[Dataset], None] | None = None
    facts: Callable[[Dataset], Mapping[str, Any]] | None = None
    prediction_type: Lazy | type | None = None
    formats: Mapping[str, Callable[[Path, Mapping[str, Any]], PredictionWriter]] = field(default_factory=dict)
    types: str = ""
    templates: str = ""
    perfect: Callable[[Any, Mapping[str, Any]], Any] | None = None
    widgets: Widgets | None = None

    @property
    def prediction_class(self) -> Any:
        """The type of a prediction, imported; None for plain JSON values."""
        return (
            self.prediction_type.resolve() if isinstance(self.prediction_type, Lazy) else self.prediction_type
        )


@dataclass(frozen=True, kw_only=True)
class DataLoader(Generic[AnyOptions]):
    """Reads one format of data for one task.

    Attributes:
        name: as typed after `--loader`.
        task: the name of the task it loads data for.
        summary: one line for `suite show`.
        load: `load(path, options) -> suite.data.Dataset`. It indexes; it decodes nothing.
        detect: `detect(path) -> bool`: whether `path` is of this format, without reading much of it. For data
            that it knows but does not read, a sentence on what it is and what to do: people see it if no
            loader reads the data, whatever task they named.
        options: the type of `options`.
        write_sample: `write_sample(dataset, folder) -> path`: writes the task's sample, which it gets, in
            this format into an empty folder, and says which path `load` reads. `suite check` loads it and
            compares. None if nothing writes the format.
        fallback: for a loader of what many formats look like, such as a folder per class or any table: it
            leaves the data to a loader of another plugin that recognizes it too and is no fallback. Between
            the loaders of one plugin their `detect` decides.
    """

    name: str
    task: str
    summary: str = ""
    load: Callable[[Path, AnyOptions], Dataset]
    detect: Callable[[Path], bool | str]
    options: type[AnyOptions] = NoOptions  # type: ignore[assignment]
    write_sample: Callable[[Dataset, Path], Path] | None = None
    fallback: bool = False


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """Weights that a model builder can start from, which somebody else trained.

    Attributes:
        name: as typed after `--pretrained`.
        options: the builder's options that choose them.
        here: whether they are on this machine; if not, the builder downloads them.
        untrained: the builder's options for the same network without the weights; empty if there is no such
            thing.
    """

    name: str
    options: Mapping[str, Any]
    here: bool
    untrained: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelBuilder(Generic[AnyOptions]):
    """Builds an untrained pipeline for one task.

    Attributes:
        name: as typed after `--model`.
        task: the name of the task.
        summary: one line for `suite show`.
        build: `build(dataset, options) -> suite.pipeline.TrainablePipeline`. Keras may be imported here.
        codec: `codec(json) -> suite.pipeline.Codec`: the codec from what its `to_json` returned. It must
            work without Keras: it is all that prediction with an exported network needs.
        options: the type of `options`.
        prediction_options: the type of the options at prediction, which the codec's `with_options` takes.
        pretrained: `pretrained(name, dataset) -> sequence of Pretrained`: the weights that it can start from,
            those that suit the data best first; `name` is what the user typed, so a file or folder of that
            name may be among them, and empty if nothing was. It downloads nothing. Keras may be imported
            here. None for a builder that starts from scratch.
        quick: what to set so that it learns the task's sample in seconds, by the keys that `--set` takes:
            `{"model.width": 16, "training.epochs": 40}`. `suite check` trains with it.
    """

    name: str
    task: str
    summary: str = ""
    build: Callable[[Dataset, AnyOptions], TrainablePipeline]
    codec: Callable[[Mapping[str, Any]], Codec]
    options: type[AnyOptions] = NoOptions  # type: ignore[assignment]
    prediction_options: type[Options] = NoOptions
    pretrained: Callable[[str, Dataset], Sequence[Pretrained]] | None = None
    quick: Mapping[str, Any] = field(default_factory=dict)

    @property
    def packages(self) -> set[str]:
        """The import names of the packages that it is from, whose layers its networks may use."""
        addresses = [
            function.address.partition(":")[0]
            if isinstance(function, Lazy)
            else str(getattr(function, "__module__", ""))
            for function in (self.build, self.codec)
        ]
        return {address.partition(".")[0] for address in addresses if address}


@dataclass(frozen=True, kw_only=True)
class Evaluator(Generic[AnyOptions]):
    """Scores predictions of one task, whatever made them.

    Attributes:
        name: as named in `Task.evaluators` and `--evaluator`.
        task: the name of the task.
        summary: one line for `suite show`.
        evaluate: `evaluate(pairs, options) -> suite.evaluation.Evaluation`, or a mapping of names to
            numbers; `pairs` is a `suite.evaluation.Pairs`.
        metrics: the numbers that it gives, by name. One that is not declared is shown by its name, and
            cannot be a task's `metric`.
        options: the type of `options`.
    """

    name: str
    task: str
    summary: str = ""
    evaluate: Callable[[Pairs, AnyOptions], Evaluation | Mapping[str, float]]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    options: type[AnyOptions] = NoOptions  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class ListenerFactory(Generic[AnyOptions]):
    """Makes listeners that show a training elsewhere: in TensorBoard, on a tracking server.

    Each training that names it (`suite train ... --log NAME`), and each fold of a cross-validation, gets a
    listener of its own, which is called in a thread of its own: it may be slow. Nothing that it raises ends a
    training; it is then switched off, with a note. Steps are left out if it does not keep up.

    Attributes:
        name: as typed after `--log`.
        summary: one line for `suite plugins`.
        open: `open(facts, options) -> suite.Listener`. `facts` is the `suite.RunFacts` of the training;
            `facts.log_id` is what the listener of an earlier training of this run had as its `log_id`, by
            which a resumed run goes on where it was. A `suite.UserError` says what to do (a package that is
            not installed).
        options: the type of `options`: `--set log.NAME.OPTION=VALUE`.
        trial: options by name with which `suite check` may open it, in an empty folder that is the working
            directory: it then tells it of a made-up training. None if it cannot be tried without a server.
    """

    name: str
    summary: str = ""
    open: Callable[[RunFacts, AnyOptions], Listener]
    options: type[AnyOptions] = NoOptions  # type: ignore[assignment]
    trial: Mapping[str, Any] | None = None

    task = ""
    """It is for all tasks."""


Contribution = Task | DataLoader[Any] | ModelBuilder[Any] | Evaluator[Any] | ListenerFactory[Any]


@dataclass(frozen=True)
class Contributed(Generic[Item_co]):
    """A contribution and the plugin it came from."""

    plugin: str
    item: Item_co
    kind: str = ""

    @property
    def name(self) -> str:
        """The contribution's name."""
        return self.item.name

    @property
    def full_name(self) -> str:
        """The contribution's name with its plugin's: `plugin:name`."""
        return f"{self.plugin}:{self.item.name}"

    @property
    def task(self) -> str:
        """The name of the task that it is for; a task's own name; "" if it is for all."""
        return self.item.name if isinstance(self.item, Task) else self.item.task

    @property
    def listed_name(self) -> str:
        """The contribution's name after that of the task that it is for: `task / name`."""
        return f"{self.task} / {self.name}" if self.task and not isinstance(self.item, Task) else self.name

    def __str__(self) -> str:
        return f"{self.kind} '{self.item.name}' of plugin '{self.plugin}'"
