"""What is measured: the parts of each section, in the order in which they run, with their shares of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MINUTES = 9.0
"""For which the seconds below are meant; with fewer or more minutes they shrink or grow."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that is measured in a process of its own.

    Attributes:
        section: what it belongs to; `--sections` names them.
        name: in its section.
        function: "module:function" in this package, called with a `Measurement`.
        least: seconds that are kept free for it, whatever earlier parts take.
        most: seconds after which it is ended.
        needs: a module without which it is left out.
        options: for the function.
    """

    section: str
    name: str
    function: str
    least: float
    most: float
    needs: str = "jax"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """In the results."""
        return f"{self.section}/{self.name}"


def _task(name: str, device: str, least: float, most: float) -> Part:
    return Part(
        section="tasks",
        name=f"{name}, {device}",
        function="tasks:speed",
        least=least,
        most=most,
        options={"task": name, "device": "cpu" if device == "processor" else "auto"},
    )


def _cifar(settings: str, cache: str, least: float, most: float) -> Part:
    return Part(
        section="cifar10",
        name=f"{settings}, {cache}",
        function="cifar10:train_once",
        least=least,
        most=most,
        options={"settings": settings, "cache": cache},
    )


TASKS = ("object-detection", "speech-recognition", "text-generation")

PARTS = (
    Part(section="machine", name="jax", function="machine:describe", least=10, most=60),
    Part(section="residual", name="streamed", function="residual:streamed", least=60, most=150),
    Part(section="residual", name="by hand", function="residual:by_hand", least=40, most=120),
    _cifar("default", "cold", 30, 110),
    _cifar("default", "warm", 20, 80),
    _cifar("fastest", "cold", 20, 80),
    _cifar("fastest", "warm", 15, 60),
    *(_task(name, device, 14, 45) for name in TASKS for device in ("device", "processor")),
    Part(section="tests", name="jax", function="backend_tests:run", least=60, most=150),
    # After all else, and only if there is time.
    Part(
        section="residual",
        name="streamed, torch",
        function="residual:streamed",
        least=0,
        most=90,
        needs="torch",
        options={"backend": "torch"},
    ),
    Part(
        section="tests",
        name="torch",
        function="backend_tests:run",
        least=0,
        most=120,
        needs="torch",
        options={"backend": "torch"},
    ),
)

SECTIONS = tuple(dict.fromkeys(part.section for part in PARTS))
