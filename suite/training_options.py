"""The options of training, of making splits and of the machine: plain declarations, no Keras."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

__all__ = ["LimitOptions", "RuntimeOptions", "SplitOptions", "TrainingOptions"]

MAX_AT_ONCE, MAX_THREADS = 65_536, 1024
"""Of examples in a batch, and of threads: more would only fill memory."""

PositiveInteger = Annotated[int, Meta(ge=1, le=1_000_000)]
Few = Annotated[int, Meta(ge=1, le=MAX_AT_ONCE)]
DEFAULT_LEARNING_RATE = 1e-3
"""The peak of the schedule if neither the user nor the model builder chooses one."""

Share = Annotated[float, Meta(ge=0, le=1)]


class TrainingOptions(Options, frozen=True):
    """How a network is trained. "auto" means the model builder's value, else the host's default."""

    epochs: Annotated[PositiveInteger | Auto, Meta(description="passes over the training examples")] = "auto"
    batch_size: Annotated[Few | Auto, Meta(description="examples per step")] = "auto"
    seed: Annotated[
        int, Meta(ge=0, lt=2**32, description="random seed of weights, order and augmentation")
    ] = 0
    optimizer: Annotated[
        Literal["auto", "sgd", "adam", "adamw", "lion", "rmsprop", "nadam", "muon"],
        Meta(description="the optimizer (sgd has Nesterov momentum)"),
    ] = "auto"
    learning_rate: Annotated[
        Annotated[float, Meta(gt=0)] | Auto, Meta(description="peak of the learning-rate schedule")
    ] = "auto"
    momentum: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="momentum of sgd and rmsprop")
    ] = "auto"
    schedule: Annotated[
        Literal["auto", "cosine", "one-cycle", "linear", "constant"],
        Meta(description="how the learning rate falls after the warm-up"),
    ] = "auto"
    warmup: Annotated[
        Share | Auto, Meta(description="share of the steps in which the learning rate rises")
    ] = "auto"
    final_learning_rate: Annotated[
        Share | Auto, Meta(description="the last learning rate, as a share of the peak")
    ] = "auto"
    weight_decay: Annotated[
        Annotated[float, Meta(ge=0)] | Auto,
        Meta(description="decoupled weight decay; not applied to biases and normalization"),
    ] = "auto"
    clip_norm: Annotated[
        Annotated[float, Meta(ge=0)] | Auto, Meta(description="maximum norm of all gradients; 0: no limit")
    ] = "auto"
    ema: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | Auto,
        Meta(description="decay of the exponential moving average of the weights; 0: no average"),
    ] = "auto"
    validation_every: Annotated[
        PositiveInteger | Auto,
        Meta(description="epochs between validations; the last epoch is always validated"),
    ] = "auto"
    early_stopping: Annotated[
        Annotated[int, Meta(ge=0, le=1_000_000)] | Auto,
        Meta(description="stop after this many epochs without a better validation score; 0: never"),
    ] = "auto"
    steps_per_execution: Annotated[Few | Auto, Meta(description="steps in a single call of the backend")] = (
        "auto"
    )
    unreadable: Annotated[
        Literal["stop", "skip"],
        Meta(description="what to do if an example cannot be read; skip: name it and go on"),
    ] = "stop"
    checkpoint_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=1e9,
            description="maximum seconds between checkpoints; each epoch ends with a checkpoint too",
        ),
    ] = 30.0


class SplitOptions(Options, frozen=True):
    """How missing splits are made from the training split of the data."""

    validation: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="share for validation")
    ] = "auto"
    test: Annotated[Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="share for test")] = "auto"
    seed: Annotated[
        int,
        Meta(ge=0, lt=2**32, description="random seed of the splits; the training seed does not change it"),
    ] = 0
    groups: Annotated[
        str,
        Meta(
            description="keep examples of one group together: a column of the table, or a pattern of the"
            " examples' names with parentheses around what names the group, '(patient[0-9]+)_'"
        ),
    ] = ""
    folds: Annotated[
        int,
        Meta(ge=0, le=100, description="cross-validation: a run for each of so many folds; 0: none"),
    ] = 0
    fold: Annotated[
        int, Meta(ge=0, le=100, description="which fold this run is scored on, written by the suite; 0: none")
    ] = 0


class LimitOptions(Options, frozen=True):
    """What one input may take; looked at before it is decoded, so that no file fills memory or disk."""

    max_input_gb: Annotated[
        float,
        Meta(
            gt=0,
            le=1e6,
            description="gigabytes of memory that one image, recording, text or packed table may take when it"
            " is decoded; large ones that are decoded at once take no more than this together",
        ),
    ] = 4.0
    max_input_hours: Annotated[float, Meta(gt=0, le=1e6, description="hours that one recording may last")] = (
        48.0
    )
    max_unpacked_gb: Annotated[
        float,
        Meta(gt=0, le=1e6, description="gigabytes that a compressed archive (.tar.gz, say) may unpack to"),
    ] = 100.0
    max_model_gb: Annotated[
        float,
        Meta(gt=0, le=1e6, description="gigabytes that the network of a model may take when it is loaded"),
    ] = 16.0
    max_cache_gb: Annotated[
        float,
        Meta(
            gt=0,
            le=1e6,
            description="gigabytes of disk that copies of data that is elsewhere (s3://..., say) may take;"
            " the oldest are removed first",
        ),
    ] = 100.0


class RuntimeOptions(LimitOptions, frozen=True):
    """What training runs on, and what one input may take."""

    backend: Annotated[
        Literal["auto", "tensorflow", "jax", "torch"],
        Meta(description='"auto": the backend already imported, else tensorflow, else any that is installed'),
    ] = "auto"
    device: Annotated[
        str, Meta(pattern=r"^(auto|cpu|gpu|gpu:\d+)$", description='"auto", "cpu", "gpu" or "gpu:1"')
    ] = "auto"
    devices: Annotated[
        Annotated[int, Meta(ge=1, le=4096)] | Literal["all"],
        Meta(description="how many devices train together, in all processes (JAX); all: those that are here"),
    ] = 1
    workers: Annotated[
        int,
        Meta(ge=1, le=256, description="processes of this machine that train together, the devices divided"),
    ] = 1
    precision: Annotated[
        Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"],
        Meta(description="arithmetic precision while training; saved models are always float32"),
    ] = "auto"
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_THREADS)] | Auto,
        Meta(description="threads that read and prepare examples"),
    ] = "auto"
    cache: Annotated[
        Literal["auto", "device", "memory", "none"],
        Meta(
            description="keep prepared examples in memory, or on the device (JAX), which then makes the"
            " batches; auto: where they fit, and on a GPU there"
        ),
    ] = "auto"
    compilation_cache: Annotated[
        str,
        Meta(
            min_length=1,
            description="folder in which JAX keeps what it compiles, for the next training; auto: on a GPU,"
            " ~/.cache/suite/compiled; or off",
        ),
    ] = "auto"
