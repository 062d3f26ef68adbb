"""The options of training, of making splits and of the machine: plain declarations, no Keras."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

__all__ = ["RuntimeOptions", "SplitOptions", "TrainingOptions"]

PositiveInteger = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class TrainingOptions(Options, frozen=True):
    """How a network is trained. "auto" is the model builder's choice, else the host's default."""

    epochs: Annotated[
        PositiveInteger | Auto, Meta(description="how often every training example is seen")
    ] = "auto"
    batch_size: Annotated[PositiveInteger | Auto, Meta(description="examples per step")] = "auto"
    seed: Annotated[
        int, Meta(ge=0, lt=2**32, description="of the weights, the order and the augmentation")
    ] = 0
    optimizer: Annotated[
        Literal["auto", "sgd", "adam", "adamw", "lion", "rmsprop", "nadam", "muon"],
        Meta(description="the rule by which weights change (sgd is with Nesterov momentum)"),
    ] = "auto"
    learning_rate: Annotated[
        Annotated[float, Meta(gt=0)] | Auto, Meta(description="the peak of the schedule")
    ] = "auto"
    momentum: Annotated[Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="of sgd and rmsprop")] = (
        "auto"
    )
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
        Meta(description="decoupled; not applied to biases and to normalization"),
    ] = "auto"
    clip_norm: Annotated[
        Annotated[float, Meta(ge=0)] | Auto, Meta(description="largest norm of all gradients; 0: no limit")
    ] = "auto"
    ema: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | Auto,
        Meta(description="decay of the exponential moving average of the weights; 0: none is kept"),
    ] = "auto"
    validation_every: Annotated[
        PositiveInteger | Auto,
        Meta(
            description="epochs from one scoring of the validation split to the next; the last is scored too"
        ),
    ] = "auto"
    early_stopping: Annotated[
        Annotated[int, Meta(ge=0)] | Auto,
        Meta(description="stop after so many epochs without a better validation score; 0: never"),
    ] = "auto"
    steps_per_execution: Annotated[
        PositiveInteger | Auto, Meta(description="steps that run in one call of the backend")
    ] = "auto"
    unreadable: Annotated[
        Literal["stop", "skip"],
        Meta(description="what to do about an example that cannot be read; skip: name it and go on"),
    ] = "stop"
    checkpoint_seconds: Annotated[
        float, Meta(ge=0, description="a checkpoint at least so often, besides the one per epoch")
    ] = 30.0


class SplitOptions(Options, frozen=True):
    """How splits that the data does not have are made from its training split."""

    validation: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="share for validation")
    ] = "auto"
    test: Annotated[Annotated[float, Meta(ge=0, lt=1)] | Auto, Meta(description="share for test")] = "auto"
    seed: Annotated[int, Meta(ge=0, lt=2**32, description="of the split; not changed by training's seed")] = 0


class RuntimeOptions(Options, frozen=True):
    """What the training runs on."""

    backend: Annotated[
        Literal["auto", "tensorflow", "jax", "torch"],
        Meta(description='"auto": the one already imported, else tensorflow, else one that is installed'),
    ] = "auto"
    device: Annotated[
        str, Meta(pattern=r"^(auto|cpu|gpu|gpu:\d+)$", description='"auto", "cpu", "gpu" or "gpu:1"')
    ] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"],
        Meta(description="of the training's arithmetic; what is saved is always float32"),
    ] = "auto"
    threads: Annotated[PositiveInteger | Auto, Meta(description="threads that read and prepare examples")] = (
        "auto"
    )
    cache: Annotated[
        Literal["auto", "memory", "none"],
        Meta(description="keep prepared examples in memory; auto: when they fit"),
    ] = "auto"
