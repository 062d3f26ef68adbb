"""What one GPU gives: speed against a loop by hand, CIFAR-10, tasks against the processor, backend tests.

    python benchmarks/gpu.py [--out FOLDER] [--minutes 9] [--sections machine,residual,...] [--quick]

It needs no network. Each part runs in a process of its own, which is ended when its time is over, and the
results are written after each: `results.json` and `results.md` in the folder, with `log.txt`. Parts for which
no time is left are named, and `--sections` measures them later: other parts stay as they are in the folder.

--quick rehearses everything on a processor, with everything small: about four minutes on two quiet cores, and
18 at most on others.
CIFAR-10 is taken from --cifar10 PATH, else `cifar10.tar.gz` in the folder that SUITE_DATA names, else in
`../shared/data` or `shared/data`; without it images are made up. --fast training.batch_size=512 (and others)
changes the fastest settings of that section.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# A checkout measures, whether or not it is installed.
CODE = [str(HERE), str(ROOT), *sorted(str(path.parent) for path in ROOT.glob("plugins/*/pyproject.toml"))]
sys.path[:0] = [path for path in CODE if path not in sys.path]

from gpu_sections.measurement import Measurement, run_part  # noqa: E402
from gpu_sections.parts import MINUTES, PARTS, SECTIONS, Part  # noqa: E402
from gpu_sections.table import markdown  # noqa: E402

from suite.options import parse_value  # noqa: E402

STOPPED = "the script was stopped; what this part had measured is kept"

GRACE = 8.0
"""Seconds before its end that a part is told to be done, to write what it has."""


class Results:
    """All that was measured, in the folder's files after every part.

    Args:
        folder: where they are.
        arguments: of this call.
    """

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "results.json"
        self.content: dict[str, Any] = {"parts": {}}
        if self.path.exists():
            self.content = json.loads(self.path.read_text(encoding="utf-8"))
            if self.content.get("quick") != arguments.quick:
                kind = "a measurement" if arguments.quick else "a rehearsal"
                sys.exit(f"{self.path} is of {kind}: take another --out")
        self.content |= {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join(sys.argv),
            "quick": arguments.quick,
        }

    def keep(self, part: Part, outcome: Mapping[str, Any]) -> None:
        """Write what became of a part."""
        self.content["parts"][part.full_name] = outcome
        order = [part.full_name for part in PARTS]
        self.content["parts"] = dict(
            sorted(self.content["parts"].items(), key=lambda item: order.index(item[0]))
        )
        for path, text in (
            (self.path, json.dumps(self.content, indent=1)),
            (self.folder / "results.md", markdown(self.content)),
        ):
            written = path.with_suffix(".part")
            written.write_text(text + "\n", encoding="utf-8")
            os.replace(written, path)


def main() -> int:
    if sys.argv[1:2] == ["--part"]:
        return run_part(*sys.argv[2:])
    arguments = parsed()
    ends = time.time() + 60 * arguments.minutes
    results = Results(arguments.out, arguments)
    parts = [part for part in PARTS if part.section in arguments.sections]
    scale = arguments.minutes / MINUTES
    signal.signal(signal.SIGTERM, stop)
    with (
        tempfile.TemporaryDirectory(prefix="suite-gpu-", ignore_cleanup_errors=True) as work,
        open(arguments.out / "log.txt", "ab") as log,
    ):
        for number, part in enumerate(parts):
            kept_free = sum(later.least for later in parts[number + 1 :]) * scale
            left = ends - time.time()
            limit = min(left, part.most * scale, max(part.least * scale, left - kept_free))
            if importlib.util.find_spec(part.needs) is None:
                outcome = {"status": "left out", "reason": f"{part.needs} is not installed"}
            elif limit < max(5.0, part.least * scale / 2):
                outcome = {"status": "left out", "reason": "no time was left"}
            else:
                outcome = measured(part, limit, Path(work), arguments, log)
            results.keep(part, outcome)
            spent = f" in {outcome['seconds']:.0f} s" if "seconds" in outcome else ""
            print(f"{part.full_name}: {outcome['status']}{spent} {outcome['reason']}".strip(), flush=True)
            if outcome["reason"] == STOPPED:
                return 130
            if outcome.get("values", {}).get("kind") == "cpu" and not arguments.quick:
                print("JAX sees no GPU here, so nothing is measured; --quick rehearses on the processor")
                return 2
    print(f"\n{markdown(results.content)}\n{results.path}")
    return 0


def stop(number: int, frame: Any) -> None:
    """End the part that runs and write what it had measured; a second signal is not to interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def measured(
    part: Part, limit: float, work: Path, arguments: argparse.Namespace, log: IO[bytes]
) -> dict[str, Any]:
    """Run a part in a process of its own, for so many seconds at most; what became of it."""
    report = work / (part.full_name.replace("/", " ") + ".json")
    began = time.time()
    told = Measurement(
        quick=arguments.quick,
        began=began,
        ends=began + limit - min(GRACE, limit / 5),
        work=str(work),
        report=str(report),
        data=str(arguments.cifar10 or ""),
        goal=arguments.goal,
        fast=arguments.fast,
        options=part.options,
    )
    path = os.pathsep.join([*CODE, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    # What one part compiled, the next need not; sections that measure compilation have folders of their own.
    environment["JAX_COMPILATION_CACHE_DIR"] = str(work / "compiled")
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    log.write(f"\n== {part.full_name}, at most {limit:.0f} s\n".encode())
    log.flush()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "gpu.py"), "--part", part.function, told.to_json()],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environment,
        start_new_session=True,
    )
    status, reason = "measured", ""
    try:
        if process.wait(limit):
            status, reason = "failed", f"exit status {process.returncode}"
    except subprocess.TimeoutExpired:
        status, reason = "ended", "its time was over; what it had measured is kept"
    except (KeyboardInterrupt, SystemExit):
        status, reason = "ended", STOPPED
    finally:
        # Its own processes too, whatever they still do.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    values = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    reason = values.pop("error", reason) if status == "failed" else reason
    return {
        "status": status,
        "reason": reason,
        "seconds": round(time.time() - began, 1),
        "limit": round(limit, 1),
        "values": values,
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "runs" / "gpu")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--sections", default=",".join(SECTIONS), help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cifar10", type=Path, default=None)
    parser.add_argument("--goal", type=float, default=0.94, help="accuracy on CIFAR-10's validation split")
    parser.add_argument("--fast", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    arguments.sections = arguments.sections.split(",")
    for section in arguments.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section '{section}': {', '.join(SECTIONS)}")
    if arguments.minutes is None:
        arguments.minutes = 2 * MINUTES if arguments.quick else MINUTES
    folders = [ROOT.parent / "shared" / "data", ROOT / "shared" / "data"]
    if os.environ.get("SUITE_DATA"):
        folders.insert(0, Path(os.environ["SUITE_DATA"]))
    found = [folder / "cifar10.tar.gz" for folder in folders if (folder / "cifar10.tar.gz").is_file()]
    if arguments.cifar10 is None and found:
        arguments.cifar10 = found[0].resolve()
    elif arguments.cifar10 is not None and not arguments.cifar10.exists():
        parser.error(f"{arguments.cifar10} does not exist")
    pairs = [setting.partition("=") for setting in arguments.fast]
    arguments.fast = {key: parse_value(text) for key, _, text in pairs}
    return arguments


if __name__ == "__main__":
    sys.exit(main())
