"""A plugin-based suite of deep-learning applications on Keras 3: the host, which knows no task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.contributions import DataLoader as DataLoader
    from suite.contributions import Evaluator as Evaluator
    from suite.contributions import ListenerFactory as ListenerFactory
    from suite.contributions import Metric as Metric
    from suite.contributions import ModelBuilder as ModelBuilder
    from suite.contributions import Pretrained as Pretrained
    from suite.contributions import Task as Task
    from suite.contributions import hookimpl as hookimpl
    from suite.contributions import lazy as lazy
    from suite.conversion.export import Export as Export
    from suite.data.dataset import Dataset as Dataset
    from suite.data.dataset import Example as Example
    from suite.data.findings import Finding as Finding
    from suite.data.findings import Inspection as Inspection
    from suite.errors import InputError as InputError
    from suite.errors import PluginError as PluginError
    from suite.errors import RunError as RunError
    from suite.errors import StoppedError as StoppedError
    from suite.errors import SuiteError as SuiteError
    from suite.errors import UserError as UserError
    from suite.evaluation.types import Evaluation as Evaluation
    from suite.evaluation.types import Pairs as Pairs
    from suite.host import Host as Host
    from suite.limits import limited as limited
    from suite.options import Options as Options
    from suite.pipeline.batch_makers import BatchMaker as BatchMaker
    from suite.pipeline.batch_makers import DeviceBatchMaker as DeviceBatchMaker
    from suite.pipeline.batch_makers import OnDevice as OnDevice
    from suite.pipeline.batch_makers import RowsMaker as RowsMaker
    from suite.pipeline.batch_makers import Stacked as Stacked
    from suite.pipeline.codec import Codec as Codec
    from suite.pipeline.codec import Encoded as Encoded
    from suite.pipeline.codec import StructCodec as StructCodec
    from suite.pipeline.trainable import Stage as Stage
    from suite.pipeline.trainable import TrainablePipeline as TrainablePipeline
    from suite.prediction.batches import Predictor as Predictor
    from suite.prediction.loading import load as load
    from suite.prediction.predictor import LoadedPipeline as LoadedPipeline
    from suite.runs.evaluate import Outcome as Outcome
    from suite.runs.folds import Folds as Folds
    from suite.runs.functions import evaluate as evaluate
    from suite.runs.functions import export as export
    from suite.runs.functions import inspect as inspect
    from suite.runs.functions import predict as predict
    from suite.runs.run import Run as Run
    from suite.runs.training_functions import cross_validate as cross_validate
    from suite.runs.training_functions import resume as resume
    from suite.runs.training_functions import train as train
    from suite.serving.client import Client as Client
    from suite.serving.client import connect as connect
    from suite.training.progress import Listener as Listener
    from suite.training.progress import Progress as Progress
    from suite.training.progress import RunFacts as RunFacts

__version__ = "0.1.0"

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "BatchMaker": "suite.pipeline.batch_makers",
            "Client": "suite.serving.client",
            "Codec": "suite.pipeline.codec",
            "DataLoader": "suite.contributions",
            "Dataset": "suite.data.dataset",
            "Encoded": "suite.pipeline.codec",
            "Evaluation": "suite.evaluation.types",
            "Evaluator": "suite.contributions",
            "Example": "suite.data.dataset",
            "Export": "suite.conversion.export",
            "Finding": "suite.data.findings",
            "Folds": "suite.runs.folds",
            "Host": "suite.host",
            "InputError": "suite.errors",
            "Inspection": "suite.data.findings",
            "Listener": "suite.training.progress",
            "ListenerFactory": "suite.contributions",
            "LoadedPipeline": "suite.prediction.predictor",
            "Metric": "suite.contributions",
            "ModelBuilder": "suite.contributions",
            "Options": "suite.options",
            "Outcome": "suite.runs.evaluate",
            "Pairs": "suite.evaluation.types",
            "PluginError": "suite.errors",
            "Predictor": "suite.prediction.batches",
            "Pretrained": "suite.contributions",
            "Progress": "suite.training.progress",
            "Run": "suite.runs.run",
            "RunError": "suite.errors",
            "RunFacts": "suite.training.progress",
            "DeviceBatchMaker": "suite.pipeline.batch_makers",
            "OnDevice": "suite.pipeline.batch_makers",
            "RowsMaker": "suite.pipeline.batch_makers",
            "Stacked": "suite.pipeline.batch_makers",
            "Stage": "suite.pipeline.trainable",
            "StoppedError": "suite.errors",
            "StructCodec": "suite.pipeline.codec",
            "SuiteError": "suite.errors",
            "Task": "suite.contributions",
            "TrainablePipeline": "suite.pipeline.trainable",
            "UserError": "suite.errors",
            "connect": "suite.serving.client",
            "cross_validate": "suite.runs.training_functions",
            "evaluate": "suite.runs.functions",
            "export": "suite.runs.functions",
            "hookimpl": "suite.contributions",
            "inspect": "suite.runs.functions",
            "lazy": "suite.contributions",
            "limited": "suite.limits",
            "load": "suite.prediction.loading",
            "predict": "suite.runs.functions",
            "resume": "suite.runs.training_functions",
            "train": "suite.runs.training_functions",
        },
    )
