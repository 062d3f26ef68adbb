"""One training of a model builder on its task's sample, small and quick, which all checks of it share."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from suite.configuration import Configuration, from_mapping
from suite.contributions import Contributed, ModelBuilder, Task
from suite.conversion.export import Export
from suite.data.dataset import Dataset
from suite.errors import PluginError, RunError, SuiteError, UserError
from suite.evaluation.types import Pairs
from suite.host import Host
from suite.prediction.loading import load
from suite.prediction.predictor import LoadedPipeline
from suite.runs.build import Experiment, build
from suite.runs.directory import RunDirectory
from suite.runs.export import export
from suite.runs.train import resume, train
from suite.testing.check import NotCheckedError
from suite.testing.samples import sample_of, spread
from suite.training.progress import Listener

TRAINING = {
    "epochs": 10,
    "batch_size": 8,
    "seed": 1,
    "checkpoint_seconds": 0.0,
    "validation_every": 100,
    "steps_per_execution": 1,
    "early_stopping": 0,
}
"""How a builder is trained unless its `quick` says something else: forty steps."""

EXAMPLES = {"train": 32, "validation": 4, "test": 4}
KILLED_AFTER = 2
"""Steps after which the copy of a run is taken that is resumed: within the first epoch."""

Made = TypeVar("Made")


class Once(Generic[Made]):
    """Something that several checks need: made when it is first needed, and its error is raised again.

    Args:
        make: makes it.
        owner: the name of the check that reports if it cannot be made; the others cannot be made then.
    """

    def __init__(self, make: Callable[[], Made], owner: str) -> None:
        self._make = make
        self._owner = owner
        self._made: list[Made] = []
        self._error: Exception | None = None

    def get(self, asking: str) -> Made:
        """What was made, for the check of this name.

        Raises:
            NotCheckedError: if it cannot be made, and another check says why.
        """
        if not self._made and self._error is None:
            try:
                self._made.append(self._make())
            except Exception as error:  # noqa: BLE001 - raised again below, to each check that needs it
                self._error = error
        if self._error is None:
            return self._made[0]
        if asking == self._owner or isinstance(self._error, NotCheckedError):
            raise self._error
        raise NotCheckedError(f"it needs what '{self._owner}' checks, which did not pass")


class Trials:
    """The trials of a host's builders, each made once."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._trials: dict[tuple[str, str, str], Trial] = {}

    def of(self, builder: Contributed[ModelBuilder[Any]]) -> Trial:
        """The trial of a builder."""
        key = (builder.plugin, builder.task, builder.name)
        if key not in self._trials:
            self._trials[key] = Trial(self.host, builder)
        return self._trials[key]

    def of_default(self, task: Contributed[Task]) -> Trial:
        """The trial of a task's default builder."""
        return self.of(self.host.builder(task.item.builder, task.full_name, [task.plugin]))


class Trial:
    """A builder under test.

    Args:
        host: has its task.
        builder: that is tried.
    """

    def __init__(self, host: Host, builder: Contributed[ModelBuilder[Any]]) -> None:
        self.host = host
        self.builder = builder
        self._built = Once(self._build, "builder-builds")
        self._trained = Once(self._train, "builder-trains")
        self._resumed = Once(self._resume, "builder-resumes-exactly")
        self._loaded = Once(self._load, "builder-trains")
        self._predicted = Once(self._predict, "builder-trains")
        self._exported = Once(self._export, "builder-exports")

    @cached_property
    def task(self) -> Contributed[Task]:
        """The task of the builder.

        Raises:
            NotCheckedError: if this host does not hold it.
        """
        try:
            return self.host.find_task(self.builder.task, prefer=[self.builder.plugin])
        except UserError as error:
            raise NotCheckedError(f"its task is not there: {error}") from None

    @cached_property
    def folder(self) -> Path:
        """Where runs and exports of this trial are; it goes with the trial."""
        folder = Path(tempfile.mkdtemp(prefix="suite-check-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def dataset(self) -> Dataset:
        """A few examples of the task's sample."""
        sample = sample_of(self.task)
        splits: dict[str, Any] = {
            name: spread(split, EXAMPLES[name]) for name, split in sample.splits.items()
        }
        return replace(sample, **splits)

    def configuration(self, **runtime: Any) -> Configuration:
        """How it is trained."""
        document: dict[str, Any] = {
            "task": self.task.full_name,
            "data": "",
            "model": {"name": self.builder.full_name},
            "training": dict(TRAINING),
            "runtime": {"precision": "float32", **runtime},
        }
        for key, value in self.builder.item.quick.items():
            table, dot, name = key.partition(".")
            if not dot or table not in ("model", "training"):
                raise PluginError(
                    f"the quick of {self.builder} holds '{key}': its keys are those of --set, 'model.NAME' or"
                    " 'training.NAME'"
                )
            document[table][name] = value
        try:
            return from_mapping(document, f"the quick of {self.builder}")
        except UserError as error:
            raise PluginError(str(error)) from None

    def built(self, asking: str) -> Experiment:
        """What the builder builds for the sample."""
        return self._built.get(asking)

    def trained(self, asking: str) -> RunDirectory:
        """The run that was trained to its end."""
        return self._trained.get(asking)

    def resumed(self, asking: str) -> RunDirectory:
        """The same run, stopped after some steps and resumed."""
        return self._resumed.get(asking)

    def loaded(self, asking: str) -> LoadedPipeline:
        """The trained pipeline as it was saved."""
        return self._loaded.get(asking)

    def predicted(self, asking: str) -> Pairs:
        """Its predictions for the examples of the test split."""
        return self._predicted.get(asking)

    def exported(self, asking: str) -> Export:
        """The trained pipeline as ONNX."""
        return self._exported.get(asking)

    def build(self, **runtime: Any) -> Experiment:
        """Build once more.

        Raises:
            PluginError: if it cannot be built.
        """
        configuration = self.configuration(**runtime)
        try:
            return build(self.host, configuration, Listener(), self.dataset)
        except UserError as error:
            raise PluginError(
                f"{self.builder} cannot be built on the sample of its task: {error}; if it needs options for"
                " that, say so: ModelBuilder(quick={'model.NAME': ...})"
            ) from error

    def _build(self) -> Experiment:
        return self.build()

    def _train(self) -> RunDirectory:
        self.built("builder-trains")
        out, copy = self.folder / "run", self.folder / "killed"
        steps = iter(range(1, 1_000_000))

        def stop() -> bool:
            if next(steps) == KILLED_AFTER:
                shutil.copytree(out, copy)
            return False

        try:
            return train(self.host, self.configuration(), out=out, dataset=self.dataset, stop=stop)
        except (UserError, RunError) as error:
            raise PluginError(
                f"{self.builder} cannot be trained on the sample of its task: {error}"
            ) from error

    def _resume(self) -> RunDirectory:
        self.trained("builder-resumes-exactly")
        copy = self.folder / "killed"
        if not copy.is_dir():
            raise NotCheckedError(
                f"the training has fewer than {KILLED_AFTER} steps: give quick={{'training.epochs': ...}}"
            )
        try:
            return resume(self.host, copy, dataset=self.dataset)
        except SuiteError as error:
            raise PluginError(f"a run of {self.builder} cannot be resumed: {error}") from error

    def _load(self) -> LoadedPipeline:
        return load(self.trained("builder-trains").path, host=self.host, batch_size=EXAMPLES["train"])

    def _predict(self) -> Pairs:
        examples = spread(self.dataset.splits.get("test") or self.dataset.train, EXAMPLES["test"])
        loaded = self.loaded("builder-trains")
        return Pairs(
            targets=[example.target for example in examples],
            predictions=loaded.predict([example.input for example in examples]),
            ids=[example.id for example in examples],
            examples=examples,
            facts=loaded.facts,
        )

    def _export(self) -> Export:
        run = self.trained("builder-exports")
        # Outputs and predictions are compared; scores of a network that was trained for seconds say no more.
        return export(run.path, out=self.folder / "export", verify=False, host=self.host)
