"""The model of `weather`, of a plugin in a file, which other processes have too; slow or deadly at will."""

from __future__ import annotations

from pathlib import Path

import msgspec

import weather
from suite.pipeline.manifest import read_manifest, write_manifest

PLUGIN = """
import os, signal, time
from pathlib import Path
import suite
from weather import Weather, WeatherCodec, sample

class Slow(WeatherCodec):
    def encode(self, raw):
        time.sleep(float(os.environ.get("SLOWLY", "0")))
        if hasattr(raw, "read") and raw.read() == b"dies":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(raw)

@suite.hookimpl
def suite_tasks():
    return [suite.Task(name="weather", summary="", sample=sample, metric="accuracy", builder="linear",
                       evaluators=(), prediction_type=Weather)]

@suite.hookimpl
def suite_model_builders():
    return [suite.ModelBuilder(name="linear", task="weather", build=print, codec=Slow.from_json)]
"""


def write(folder: Path) -> None:
    """Write the model to `exported`, the plugin, and 40 inputs to `in`, of which one cannot be read."""
    exported = weather.save_exported(folder / "exported")
    ours = {"builder": "slow_weather:linear", "plugin": {"name": "slow_weather", "version": "1"}}
    write_manifest(exported, msgspec.structs.replace(read_manifest(exported), **ours))
    (folder / "slow_weather.py").write_text(PLUGIN)
    (folder / "in").mkdir()
    for number in range(40):
        text = "1 2 three 4" if number == 7 else f"{number} {number} 3 {number / 3}"
        (folder / "in" / f"{number:02}.temps").write_text(text)
