"""What loaders give and what is made of it: examples, splits, duplicates, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.data.columns import Column as Column
    from suite.data.columns import ColumnExamples as ColumnExamples
    from suite.data.columns import NumberedIds as NumberedIds
    from suite.data.columns import each_input as each_input
    from suite.data.columns import ids_at as ids_at
    from suite.data.columns import inputs_at as inputs_at
    from suite.data.columns import target_counts as target_counts
    from suite.data.dataset import Dataset as Dataset
    from suite.data.dataset import Example as Example
    from suite.data.dataset import Examples as Examples
    from suite.data.dataset import Problem as Problem
    from suite.data.dataset import Subset as Subset
    from suite.data.dataset import Target as Target
    from suite.data.dataset import digest as digest
    from suite.data.dataset import fingerprint as fingerprint
    from suite.data.findings import Finding as Finding
    from suite.data.findings import Inspection as Inspection

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Column": "suite.data.columns",
            "ColumnExamples": "suite.data.columns",
            "NumberedIds": "suite.data.columns",
            "each_input": "suite.data.columns",
            "ids_at": "suite.data.columns",
            "inputs_at": "suite.data.columns",
            "target_counts": "suite.data.columns",
            "Dataset": "suite.data.dataset",
            "Example": "suite.data.dataset",
            "Examples": "suite.data.dataset",
            "Finding": "suite.data.findings",
            "Inspection": "suite.data.findings",
            "Problem": "suite.data.dataset",
            "Subset": "suite.data.dataset",
            "Target": "suite.data.dataset",
            "digest": "suite.data.dataset",
            "fingerprint": "suite.data.dataset",
        },
    )
