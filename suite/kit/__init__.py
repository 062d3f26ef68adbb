"""What only plugins use: tables, names of splits, presets of keras-hub, numbers in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports as lazy_exports

if TYPE_CHECKING:
    from suite.data.groups import groups_of as groups_of
    from suite.devices import dtype_policy as dtype_policy
    from suite.documents import NotJsonError as NotJsonError
    from suite.documents import decode_json as decode_json
    from suite.documents import expanded as expanded
    from suite.errors import nearest as nearest
    from suite.errors import reason as reason
    from suite.errors import unimportable as unimportable
    from suite.files import atomic_path as atomic_path
    from suite.files import atomic_write as atomic_write
    from suite.files import refuse_existing as refuse_existing
    from suite.files import unwritable as unwritable
    from suite.kit.classes import class_facts as class_facts
    from suite.kit.classes import most_frequent as most_frequent
    from suite.kit.keras_hub import import_keras_hub as import_keras_hub
    from suite.kit.keras_hub import loading_preset as loading_preset
    from suite.kit.keras_hub import preset_source as preset_source
    from suite.kit.keras_hub import pretrained_presets as pretrained_presets
    from suite.kit.packages import needing as needing
    from suite.kit.packed_files import PackedFiles as PackedFiles
    from suite.kit.parquet_data import FileKind as FileKind
    from suite.kit.parquet_data import PackedRow as PackedRow
    from suite.kit.parquet_data import ParquetData as ParquetData
    from suite.kit.parquet_data import holds_files_of as holds_files_of
    from suite.kit.problems import ProblemLog as ProblemLog
    from suite.kit.row_groups import RowGroups as RowGroups
    from suite.kit.row_groups import open_row_groups as open_row_groups
    from suite.kit.split_names import SPLIT_COLUMNS as SPLIT_COLUMNS
    from suite.kit.split_names import SPLIT_NAMES as SPLIT_NAMES
    from suite.kit.split_names import SPLIT_WORDS as SPLIT_WORDS
    from suite.kit.split_names import split_of_name as split_of_name
    from suite.kit.tables import decoded as decoded
    from suite.limits import check_duration as check_duration
    from suite.limits import check_memory as check_memory
    from suite.limits import memory_for as memory_for
    from suite.outside_files import check_hdf5 as check_hdf5
    from suite.patterns import BoundedPattern as BoundedPattern
    from suite.regular_files import read_regular as read_regular
    from suite.regular_files import refuse_special as refuse_special
    from suite.threads import in_threads as in_threads
    from suite.wording import counted as counted
    from suite.wording import shown as shown
    from suite.wording import some as some

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "SPLIT_COLUMNS": "suite.kit.split_names",
            "SPLIT_NAMES": "suite.kit.split_names",
            "SPLIT_WORDS": "suite.kit.split_names",
            "BoundedPattern": "suite.patterns",
            "atomic_path": "suite.files",
            "atomic_write": "suite.files",
            "check_duration": "suite.limits",
            "check_hdf5": "suite.outside_files",
            "check_memory": "suite.limits",
            "class_facts": "suite.kit.classes",
            "counted": "suite.wording",
            "in_threads": "suite.threads",
            "decode_json": "suite.documents",
            "decoded": "suite.kit.tables",
            "expanded": "suite.documents",
            "dtype_policy": "suite.devices",
            "groups_of": "suite.data.groups",
            "lazy_exports": "suite.lazy_exports",
            "import_keras_hub": "suite.kit.keras_hub",
            "loading_preset": "suite.kit.keras_hub",
            "memory_for": "suite.limits",
            "most_frequent": "suite.kit.classes",
            "nearest": "suite.errors",
            "needing": "suite.kit.packages",
            "split_of_name": "suite.kit.split_names",
            "NotJsonError": "suite.documents",
            "FileKind": "suite.kit.parquet_data",
            "PackedFiles": "suite.kit.packed_files",
            "PackedRow": "suite.kit.parquet_data",
            "ParquetData": "suite.kit.parquet_data",
            "ProblemLog": "suite.kit.problems",
            "holds_files_of": "suite.kit.parquet_data",
            "RowGroups": "suite.kit.row_groups",
            "open_row_groups": "suite.kit.row_groups",
            "preset_source": "suite.kit.keras_hub",
            "pretrained_presets": "suite.kit.keras_hub",
            "read_regular": "suite.regular_files",
            "reason": "suite.errors",
            "refuse_existing": "suite.files",
            "refuse_special": "suite.regular_files",
            "shown": "suite.wording",
            "some": "suite.wording",
            "unimportable": "suite.errors",
            "unwritable": "suite.files",
        },
    )
