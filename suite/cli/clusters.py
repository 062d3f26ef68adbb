"""`--cluster`: a command that a cluster starts in several processes, which train together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite.errors import UserError

if TYPE_CHECKING:
    from suite.host import Host
    from suite.training_options import RuntimeOptions

CLUSTERS = ("auto", "ray")


def add_cluster_argument(parser: Any) -> None:
    """The option, for a command that trains."""
    parser.add_argument(
        "--cluster",
        metavar="NAME",
        help="'auto': this command runs in several processes, started by Slurm, Open MPI, Kubernetes or Cloud"
        " TPU, and they train together (JAX); 'ray': a Ray cluster starts them, one on each machine or"
        " --workers N (2-4: as many as there are), and starts them again if one is lost; the run has to lie"
        " where all of them see it",
    )


def check_cluster(cluster: str | None) -> None:
    """Refuse another value of the option."""
    if cluster is not None and cluster not in CLUSTERS:
        raise UserError(f"--cluster is 'auto' or 'ray', not '{cluster}'")


def follow_unless_first(runtime: RuntimeOptions, host: Host) -> None:
    """Join the processes that a cluster started; train along, and end, if this is not the first of them.

    Args:
        runtime: the options of the training.
        host: has the plugins.

    Raises:
        UserError: if there is no cluster, or the options ask for processes beside those that it started.
    """
    if runtime.workers > 1:
        raise UserError(
            "--workers starts processes on this machine, and a cluster has started its own: leave it out"
        )
    from suite.runs.follow import follow_in_cluster

    follow_in_cluster(host, runtime.device)
