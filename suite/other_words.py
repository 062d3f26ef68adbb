"""What users of other tools call things: only so that a message can answer with the word that is used here.

Nothing is accepted under another name: two words for one thing would be two things to explain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_HERE: dict[str, tuple[str, ...]] = {
    # options
    "lr": ("learning_rate",),
    "lr0": ("learning_rate",),
    "learningrate": ("learning_rate",),
    "eta": ("learning_rate",),
    "lrf": ("final_learning_rate",),
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "b": ("batch_size",),
    "batchsize": ("batch_size",),
    "train_batch_size": ("batch_size",),
    "per_device_train_batch_size": ("batch_size",),
    "e": ("epochs",),
    "epoch": ("epochs",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "num_train_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "iterations": ("epochs",),
    "optim": ("optimizer",),
    "opt": ("optimizer",),
    "solver": ("optimizer",),
    "scheduler": ("schedule",),
    "lr_scheduler": ("schedule",),
    "warmup_ratio": ("warmup",),
    "warmup_epochs": ("warmup",),
    "decay": ("weight_decay",),
    "wd": ("weight_decay",),
    "l2": ("weight_decay",),
    "grad_clip": ("clip_norm",),
    "clip_grad": ("clip_norm",),
    "max_grad_norm": ("clip_norm",),
    "clipnorm": ("clip_norm",),
    "patience": ("early_stopping",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "workers": ("threads",),
    "num_workers": ("threads",),
    "n_jobs": ("threads",),
    "jobs": ("threads",),
    "val_split": ("validation",),
    "validation_split": ("validation",),
    "val_size": ("validation",),
    "test_size": ("test",),
    "test_split": ("test",),
    "imgsz": ("size",),
    "img": ("size",),
    "img_size": ("size",),
    "image_size": ("size",),
    "input_size": ("size",),
    "input_shape": ("size",),
    "resolution": ("size",),
    "conf": ("threshold",),
    "conf_thres": ("threshold",),
    "confidence": ("threshold",),
    "score_threshold": ("threshold",),
    "temp": ("temperature",),
    "class": ("classes",),
    "class_names": ("classes",),
    "names": ("classes",),
    "single_cls": ("single_class",),
    "max_tokens": ("tokens",),
    "max_new_tokens": ("tokens",),
    "drop_rate": ("dropout",),
    "arch": ("model", "architecture"),
    "architecture": ("model",),
    "backbone": ("model", "preset"),
    "network": ("model",),
    "net": ("model",),
    "reader": ("loader",),
    "format": ("loader",),
    "data_format": ("loader",),
    "name": ("out",),
    "project": ("out",),
    "output": ("out",),
    "o": ("out",),
    "output_dir": ("out",),
    "outdir": ("out",),
    "save_dir": ("out",),
    "log_dir": ("out",),
    "weights": ("init", "run"),
    "checkpoint": ("init", "run"),
    "ckpt": ("init", "run"),
    "finetune": ("init",),
    "gpu": ("device",),
    "gpus": ("device",),
    "cuda": ("gpu", "device"),
    "amp": ("precision", "mixed_bfloat16"),
    "half": ("mixed_float16", "precision"),
    "fp16": ("mixed_float16", "precision"),
    "float16": ("mixed_float16",),
    "bf16": ("mixed_bfloat16", "precision"),
    "bfloat16": ("mixed_bfloat16",),
    "fp32": ("float32",),
    "pytorch": ("torch",),
    "tf": ("tensorflow",),
    "framework": ("backend",),
    "config": ("set",),
    "param": ("set",),
    "save": ("out",),
    # splits
    "val": ("validation", "evaluate"),
    "valid": ("validation",),
    "dev": ("validation",),
    "eval": ("evaluate", "validation"),
    "training": ("train",),
    "testing": ("test",),
    # commands
    "test": ("evaluate",),
    "score": ("evaluate",),
    "validate": ("evaluate", "inspect"),
    "benchmark": ("bench", "evaluate"),
    "profile": ("bench",),
    "measure": ("bench",),
    "detect": ("predict",),
    "infer": ("predict",),
    "inference": ("predict",),
    "classify": ("predict",),
    "transcribe": ("predict",),
    "translate": ("predict",),
    "generate": ("predict",),
    "segment": ("predict",),
    "fit": ("train",),
    "learn": ("train",),
    "check": ("inspect",),
    "analyze": ("inspect",),
    "explore": ("inspect",),
    "continue": ("resume",),
    "convert": ("export",),
    "help": ("show",),
    "list": ("tasks",),
    "models": ("show",),
    "info": ("show",),
}


def plain(name: str) -> str:
    """A name without dashes and case: `--Batch-Size` is `batch_size`."""
    return re.sub(r"[-\s.]+", "_", name.lstrip("-")).lower()


def meant(name: str, known: Iterable[str]) -> str | None:
    """Which known name is meant by one that another tool uses, or that is spelled with other dashes."""
    by_plain = {plain(other): other for other in sorted(known, reverse=True)}
    for word in (plain(name), *_HERE.get(plain(name), ())):
        if word in by_plain:
            return by_plain[word]
    return None


def key_meant(name: str, keys: Iterable[str]) -> str | None:
    """Which key ("training.epochs") is meant by the name of its last word; of several the last one."""
    by_last = {key.rpartition(".")[2]: key for key in keys}
    last = meant(name, by_last)
    return None if last is None else by_last[last]


def values_meant(value: str) -> Iterator[str]:
    """What may be meant by the value of an option that is not allowed, the likeliest first."""
    yield from _HERE.get(plain(value), ())
    yield value.lower()
    yield re.sub("^cuda", "gpu", value.lower())
    if value.isdigit():
        yield f"gpu:{value}"
