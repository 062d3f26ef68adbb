"""Parquet tables as Hugging Face's library writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def write(path: Path, rows: Sequence[Mapping[str, Any]], features: Mapping[str, Any] | None = None) -> Path:
    """Write rows, two in a row group, perhaps with a description of the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(rows))
    if features is not None:
        described = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({b"huggingface": described.encode()})
    pq.write_table(table, path, row_group_size=2)
    return path
