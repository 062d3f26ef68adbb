"""benchmarks/gpu.py without a GPU: its parts exist, and any results make a table."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def sections(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"gpu_sections.{name}")
    for name in [name for name in sys.modules if name.startswith("gpu_sections")]:
        del sys.modules[name]


def test_every_part_is_there_and_all_fit_into_the_time(sections):
    parts = sections("parts")
    for part in parts.PARTS:
        module, _, function = part.function.partition(":")
        assert callable(getattr(sections(module), function))
        assert part.least <= part.most
    assert sum(part.least for part in parts.PARTS) < 60 * parts.MINUTES
    assert len({part.full_name for part in parts.PARTS}) == len(parts.PARTS)


def test_parts_that_failed_or_were_cut_off_are_rows_as_well(sections):
    speed = {"items_per_second": 950.0, "wall_items_per_second": 900.0, "waiting": 0.125}
    results = {
        "started": "2026-01-01T00:00:00+00:00",
        "quick": False,
        "parts": {
            "machine/jax": {"status": "failed", "reason": "exit status 1", "values": {}},
            "residual/streamed": {"status": "ended", "reason": "", "values": {"files": speed, "memory": {}}},
            "residual/by hand": {"status": "measured", "values": {"items_per_second": 1000.0}},
            "cifar10/default, cold": {"status": "ended", "values": {"data": "made up"}},
            "tests/torch": {"status": "left out", "reason": "torch is not installed"},
        },
    }
    table = sections("table").markdown(results)
    assert "950 images/s, waiting for data 12.5 % of the time; ratio to the loop by hand **0.950**" in table
    assert "| machine/jax | failed: exit status 1 |" in table
    assert "| tests/torch | left out: torch is not installed |" in table


def a_measurement(measurement, folder, ends):
    """What a part is told, whose time ends then."""
    return measurement.Measurement(
        quick=True, ends=ends, began=0.0, work=str(folder), report=str(folder / "r.json"), data="",
        goal=0.94, fast={}, options={},
    )  # fmt: skip


def test_what_was_measured_is_kept_if_the_part_fails(sections, tmp_path, monkeypatch):
    measurement = sections("measurement")
    told = a_measurement(measurement, tmp_path, ends=0.0)

    def fails(measurement):
        measurement.keep(speed=3.0)
        raise ValueError("no luck\nat all")

    monkeypatch.setattr(sections("machine"), "describe", fails)
    assert measurement.run_part("machine:describe", told.to_json()) == 1
    kept = json.loads((tmp_path / "r.json").read_text())
    assert kept["speed"] == 3.0
    assert kept["error"] == "ValueError: no luck"
    assert kept["memory"]["host"] > 0


def test_steps_that_are_read_together_are_counted_together(sections, tmp_path, monkeypatch):
    """Ten steps a second, read five at a time; the first steps of an epoch are left out."""
    measurement = sections("measurement")
    told = a_measurement(measurement, tmp_path, ends=1e12)
    clock = measurement.Clock(told, 5)
    clock.batch_size, clock.skipped = 16, 4
    now = [100.0]
    monkeypatch.setattr(measurement.time, "time", lambda: now[0])
    for epoch in (1, 2):
        now[0] += 30  # compiling, validating
        for step in range(1, 31):
            if step % 5 == 1:
                now[0] += 0.5
            clock.progress(SimpleNamespace(epoch=epoch, step=step, steps=30, waiting=0.25))
    speed = clock.speed()
    assert speed["items_per_second"] == pytest.approx(160)
    assert speed["typical_items_per_second"] == pytest.approx(160)
    assert speed["seconds_measured"] == pytest.approx(5)
    assert speed["waiting"] == 0.25
