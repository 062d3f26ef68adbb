"""The results as tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gpu_sections.parts import TASKS

Row = tuple[str, str]
Values = Mapping[str, Any]
RESIDUAL_GOAL = 0.95


def markdown(results: Mapping[str, Any]) -> str:
    """The whole file: what it ran on, what was measured, and what became of each part."""
    parts: Mapping[str, Any] = results["parts"]
    values = {name: part.get("values", {}) for name, part in parts.items()}
    machine = values.get("machine/jax", {})
    lines = [f"# {machine.get('device', 'No device')}, {results['started']}", ""]
    if results["quick"]:
        lines += ["A rehearsal with everything small: it shows that the script runs, and **no speed**.", ""]
    rows = [*_machine(machine), *_residual(values), *_cifar(values), *_tasks(values), *_tests(values)]
    lines += _table(("what", "result"), rows)
    lines += ["", "What became of each part, with the most memory that its process had:", ""]
    lines += _table(
        ("part", "result", "seconds", "host", "device"), [_status(*item) for item in parts.items()]
    )
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], rows: list[Any]) -> list[str]:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines]


def _status(name: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    memory = part.get("values", {}).get("memory", {})
    said = part["status"] + (f": {part['reason']}" if part.get("reason") else "")
    spent = f"{part['seconds']:.0f} of {part['limit']:.0f}" if "limit" in part else ""
    return name, said, spent, _bytes(memory.get("host")), _bytes(memory.get("device"))


def _bytes(count: float | None) -> str:
    return "" if count is None else f"{count / 2**30:.2f} GiB"


def _machine(machine: Values) -> Iterator[Row]:
    if not machine:
        return
    memory = _bytes(machine.get("device_memory"))
    yield (
        "device",
        f"{machine['devices']} x {machine['device']}" + (f", {memory} for arrays" if memory else ""),
    )
    yield "machine", f"{machine['processor']}, {machine['cores']} cores, {_bytes(machine['host_memory'])}"
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    yield "versions", f"Python {machine['python']}, {packages}; {machine['driver']}"
    if "matrix_teraflops" in machine:
        yield "product of two bfloat16 matrices", f"{machine['matrix_teraflops']:.4g} TFLOP/s"


def _rate(values: Values, name: str = "items_per_second") -> float | None:
    found = values.get(name)
    return None if found is None else float(found)


def _residual(values: Mapping[str, Values]) -> Iterator[Row]:
    streamed, hand = values.get("residual/streamed", {}), values.get("residual/by hand", {})
    if not streamed and not hand:
        return
    head = (
        f"{streamed.get('network', '?')}, {streamed.get('side', '?')} px, batch {streamed.get('batch', '?')}"
    )
    against, there = _rate(hand), _rate(hand, "on_device_items_per_second")
    for name, how in (("files", "streamed from JPEG files"), ("decoded", "decoded images kept in memory")):
        yield from _streamed(f"{head}, {how}", streamed.get(name, {}), against, there)
    if against is not None:
        yield f"{head}, a loop by hand, batches in the host's memory", f"{against:,.0f} images/s"
    if there is not None:
        yield f"{head}, a loop by hand, batches on the device", f"{there:,.0f} images/s"
    torch = values.get("residual/streamed, torch", {}).get("files", {})
    yield from _streamed(f"{head}, streamed from JPEG files, on torch", torch, None, None)


def _streamed(what: str, values: Values, against: float | None, there: float | None) -> Iterator[Row]:
    rate = _rate(values)
    if rate is None:
        return
    said = f"{rate:,.0f} images/s, waiting for data {100 * values['waiting']:.1f} % of the time"
    if against is not None:
        said += f"; ratio to the loop by hand **{rate / against:.3f}** (goal {RESIDUAL_GOAL})"
    if there is not None:
        said += f", with batches on the device {rate / there:.3f}"
    yield what, said


def _cifar(values: Mapping[str, Values]) -> Iterator[Row]:
    for settings in ("default", "fastest"):
        for cache in ("cold", "warm"):
            found = values.get(f"cifar10/{settings}, {cache}", {})
            if not found.get("epochs_done") and "seconds_to_first_step" not in found:
                continue
            said = []
            if "seconds_to_goal" in found:
                said.append(
                    f"goal reached in **{found['seconds_to_goal']:.1f} s** of training,"
                    f" {found['seconds_to_goal_from_start']:.1f} s from the start of the process"
                )
            elif found["data"] != "made up" and "best_accuracy" in found:
                said.append(
                    f"goal **not reached**: {found['best_accuracy']:.4f} on validation after"
                    f" {found['best_after_seconds']:.1f} s, {found['epochs_done']} of"
                    f" {found['training']['epochs']} epochs"
                )
            rate = _rate(found, "typical_items_per_second")
            if rate is not None:
                said.append(f"{rate:,.0f} images/s")
            said.append(
                f"first step {found['seconds_to_first_step']:.1f} s after the start of the process"
                f" ({found['seconds_of_first_step']:.1f} s of it compiling)"
            )
            yield (
                f"CIFAR-10 ({found['data']}), {settings} settings, {cache} compilation cache",
                "; ".join(said),
            )


def _tasks(values: Mapping[str, Values]) -> Iterator[Row]:
    for task in TASKS:
        device, processor = (
            _rate(values.get(f"tasks/{task}, {where}", {}), "typical_items_per_second")
            for where in ("device", "processor")
        )
        said = [
            f"{rate:,.1f} examples/s on the {where}"
            for where, rate in (("device", device), ("processor", processor))
            if rate is not None
        ]
        if device is not None and processor is not None:
            said.append(f"ratio **{device / processor:.1f}**")
        if said:
            yield task, ", ".join(said)


def _tests(values: Mapping[str, Values]) -> Iterator[Row]:
    for backend in ("jax", "torch"):
        found = values.get(f"tests/{backend}", {})
        if "passed" not in found:
            continue
        said = f"{found['passed']} passed, {found['failed']} failed, {found['skipped']} left out"
        if found.get("unfinished"):
            said += f"; time ended in {found['unfinished']} of {found['processes']} processes"
        if found.get("crashed"):
            said += f"; {found['crashed']} processes crashed"
        yield f"backend tests on {backend}", said
        # Those that ran when time was over are no failures.
        cut = found["not_ended"] if found.get("crashed") or not found.get("unfinished") else []
        for failure in [*found["failures"], *(f"{test}: it never ended" for test in cut)]:
            yield "", f"`{failure}`"
