"""A model repository for Triton of an exported network: its file, and the config.pbtxt that describes it.

    python examples/deployment/triton_repository.py EXPORT REPOSITORY [NAME]

EXPORT is a folder that `suite export` wrote as ONNX. Triton runs the network alone, arrays in and arrays out;
the codec stays with the client (docs/deployment.md shows one).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import suite
from suite.pipeline import ArraySpec

MAX_BATCH_SIZE = 32
MAX_DELAY_MICROSECONDS = 2000


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit((__doc__ or "").strip())
    export, repository = Path(sys.argv[1]), Path(sys.argv[2])
    name = sys.argv[3] if len(sys.argv) == 4 else export.absolute().name
    print(write_repository(export, repository, name))


def write_repository(export: Path, repository: Path, name: str) -> Path:
    """Write REPOSITORY/NAME with the network and its config.pbtxt; the folder."""
    network = export / "network.onnx"
    if not network.is_file():
        sys.exit(f"{export} holds no network.onnx: write one with 'suite export RUN'")
    folder = repository / name
    (folder / "1").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(network, folder / "1" / "model.onnx")
    (folder / "config.pbtxt").write_text(config(export, name), encoding="utf-8")
    return folder


def config(export: Path, name: str) -> str:
    """What Triton has to know of an exported network."""
    with suite.load(export) as pipeline:
        signature = pipeline.network.signature
    return "\n".join(
        [
            f'name: "{name}"',
            'platform: "onnxruntime_onnx"',
            f"max_batch_size: {MAX_BATCH_SIZE}",
            *tensors("input", signature.inputs),
            *tensors("output", signature.outputs),
            f"dynamic_batching {{ max_queue_delay_microseconds: {MAX_DELAY_MICROSECONDS} }}",
            "",
        ]
    )


def tensors(kind: str, specs: object) -> list[str]:
    """The inputs or outputs; -1 is a side of any length, and the axis of the batch is left out."""
    assert isinstance(specs, Mapping), "ONNX names what a network takes and gives"
    lines = []
    for name, spec in specs.items():
        assert isinstance(spec, ArraySpec)
        sides = ", ".join("-1" if side is None else str(side) for side in spec.shape)
        lines.append(f'{kind} [ {{ name: "{name}" data_type: {data_type(spec.dtype)} dims: [ {sides} ] }} ]')
    return lines


def data_type(dtype: str) -> str:
    """Triton's name of a dtype: float32 is TYPE_FP32, uint8 is TYPE_UINT8."""
    return "TYPE_" + dtype.upper().replace("FLOAT", "FP")


if __name__ == "__main__":
    main()
