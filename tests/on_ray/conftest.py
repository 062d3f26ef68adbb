"""A Ray cluster of two machines, which are processes of this one: Ray's own way of trying out clusters."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent

_CLUSTER = """
import sys
from ray.cluster_utils import Cluster
machine = {"num_cpus": 1, "object_store_memory": 100 << 20}
cluster = Cluster(initialize_head=True, head_node_args={**machine, "include_dashboard": False})
cluster.add_node(**machine)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


class Cluster:
    """The cluster, and commands on it.

    Attributes:
        folder: where the commands run.
    """

    def __init__(self, address: str, mark: str, environment: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.address = address
        self.environment = {**environment, "RAY_ADDRESS": address}
        self._mark = mark

    def started(self, *words: str) -> subprocess.Popen[str]:
        """The command `suite`, with the toy plugin."""
        command = [sys.executable, "-m", "suite", "--plugin", str(TESTS / "toy_plugin.py"), *words]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def said(self, *words: str) -> tuple[int, str]:
        """The exit status of a command, and what it said."""
        process = self.started(*words)
        text, _ = process.communicate(timeout=200)
        return process.returncode, text

    def kill_worker(self) -> None:
        """Kill -9 one of the workers that train."""
        os.kill(max(self.processes("TrainWorker")), signal.SIGKILL)

    def processes(self, name: str) -> list[int]:
        """The processes of the cluster with a name."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                is_worker = name.encode() in (process / "cmdline").read_bytes()
                if is_worker and self._mark.encode() in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                pass
        return found


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    mark = f"suite-{secrets.token_hex(8)}"
    paths = [ROOT, TESTS, *(ROOT / "plugins").iterdir(), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "RAY_USAGE_STATS_ENABLED": "0",
        "SUITE_TEST": mark,
        "COLUMNS": "100",
    }
    environment.pop("KERAS_BACKEND", None)
    with subprocess.Popen(
        [sys.executable, "-c", _CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        address = process.stdout.readline().strip()
        yield Cluster(address, mark, environment, tmp_path_factory.mktemp("ray"))
        process.stdin.close()
        process.wait(60)
