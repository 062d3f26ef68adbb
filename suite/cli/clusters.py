"""`--cluster`: a command that a cluster starts in several processes, which train together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite.errors import UserError

if TYPE_CHECKING:
    from suite.host import Host

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


def follows(cluster: str, device: str, host: Host) -> bool:
    """Join the other processes, and train along with the first one if this is not it.

    Args:
        cluster: the value of the option.
        device: that of `--device`.
        host: has the plugins.

    Returns:
        Whether this process followed another one, so that there is nothing left to do.

    Raises:
        UserError: for another value, and if there is no cluster.
    """
    check_cluster(cluster)
    from suite.runs.follow import follow_in_cluster

    return follow_in_cluster(host, device)
