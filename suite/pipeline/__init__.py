"""A trained model is a pipeline: a codec, which is words and numpy, and a network, which is arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.pipeline.batch_makers import BatchMaker as BatchMaker
    from suite.pipeline.batch_makers import DeviceBatchMaker as DeviceBatchMaker
    from suite.pipeline.batch_makers import OnDevice as OnDevice
    from suite.pipeline.batch_makers import RowsMaker as RowsMaker
    from suite.pipeline.batch_makers import Stacked as Stacked
    from suite.pipeline.codec import Arrays as Arrays
    from suite.pipeline.codec import ArraySpec as ArraySpec
    from suite.pipeline.codec import Chunks as Chunks
    from suite.pipeline.codec import Codec as Codec
    from suite.pipeline.codec import Encoded as Encoded
    from suite.pipeline.codec import NamedAxes as NamedAxes
    from suite.pipeline.codec import Signature as Signature
    from suite.pipeline.codec import Stream as Stream
    from suite.pipeline.codec import StructCodec as StructCodec
    from suite.pipeline.keras_files import load_keras as load_keras
    from suite.pipeline.trainable import Stage as Stage
    from suite.pipeline.trainable import TrainablePipeline as TrainablePipeline

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Arrays": "suite.pipeline.codec",
            "ArraySpec": "suite.pipeline.codec",
            "BatchMaker": "suite.pipeline.batch_makers",
            "Codec": "suite.pipeline.codec",
            "Encoded": "suite.pipeline.codec",
            "NamedAxes": "suite.pipeline.codec",
            "Chunks": "suite.pipeline.codec",
            "DeviceBatchMaker": "suite.pipeline.batch_makers",
            "OnDevice": "suite.pipeline.batch_makers",
            "RowsMaker": "suite.pipeline.batch_makers",
            "Stacked": "suite.pipeline.batch_makers",
            "Signature": "suite.pipeline.codec",
            "Stage": "suite.pipeline.trainable",
            "Stream": "suite.pipeline.codec",
            "StructCodec": "suite.pipeline.codec",
            "load_keras": "suite.pipeline.keras_files",
            "TrainablePipeline": "suite.pipeline.trainable",
        },
    )
