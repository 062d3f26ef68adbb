"""How fast recordings are transcribed by a trained network, exported: seconds of work per second of audio.

    python benchmarks/real_time_factor.py RUN RECORDING... [--set OPTION=VALUE]

Exports RUN to a temporary folder (which checks that it agrees with Keras), then transcribes the recordings
one at a time under ONNX Runtime on one core, from their files to their words, and prints the factor of each
step. The factor of files as short as a word is mostly the cost of a call; the last line is for one
recording of a minute.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from suite.configuration import option_settings
from suite.prediction.encoding import encode
from suite.prediction.loading import load
from suite.runs.export import export
from suite_speech_recognition.audio.recordings import read

WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("recordings", metavar="RECORDING", nargs="+", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        written = export(arguments.run, out=Path(folder) / "export").folder
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        pipeline = load(written, threads=1, options=option_settings(arguments.set))
        for recording in arguments.recordings[:WARM_UP]:
            pipeline.predict(recording)
        steps = dict.fromkeys(("read and encode", "run", "decode", "all"), 0.0)
        seconds = 0.0
        for recording in arguments.recordings:
            times = [time.perf_counter()]
            encoded = encode(pipeline.codec, recording)
            times.append(time.perf_counter())
            outputs = pipeline.network({name: array[None] for name, array in encoded.arrays.items()})
            times.append(time.perf_counter())
            pipeline.codec.decode(outputs[0], encoded.context)
            times.append(time.perf_counter())
            seconds += pipeline.predict(recording).seconds
            end = time.perf_counter()
            for name, start, stop in zip(list(steps)[:3], times, times[1:], strict=False):
                steps[name] += stop - start
            steps["all"] += end - times[-1]
        print(f"{len(arguments.recordings):,} recordings, {seconds:,.0f} seconds of audio, one core:")
        for name, taken in steps.items():
            print(f"  {name:<16} {taken / seconds:.4f}")
        rate = pipeline.codec.rate
        clips = [read(recording, rate) for recording in arguments.recordings]
        minute = np.resize(np.concatenate(clips), 60 * rate)
        began = time.perf_counter()
        pipeline.predict(minute)
        print(f"  a minute at once {(time.perf_counter() - began) / 60:.4f}")


if __name__ == "__main__":
    main()
