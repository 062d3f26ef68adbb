"""Where raw bytes come from: files, and the members of folders and archives, read on demand.

`open_tree` sees a folder, a zip and a tar (compressed or not) the same way: a sorted list of names, their
sizes, and a `Source` for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.sources.folder import FolderTree as FolderTree
    from suite.sources.opening import ARCHIVE_SUFFIXES as ARCHIVE_SUFFIXES
    from suite.sources.opening import is_archive as is_archive
    from suite.sources.opening import open_tree as open_tree
    from suite.sources.source_types import BytesSource as BytesSource
    from suite.sources.source_types import FileSource as FileSource
    from suite.sources.source_types import Source as Source
    from suite.sources.source_types import open_file as open_file
    from suite.sources.source_types import read_file as read_file
    from suite.sources.source_types import source as source
    from suite.sources.tree import Member as Member
    from suite.sources.tree import Tree as Tree
    from suite.sources.unpacking import copy_stream as copy_stream
    from suite.sources.unpacking import open_lines as open_lines
    from suite.sources.unpacking import read_stream as read_stream
    from suite.sources.unpacking import stream_lines as stream_lines

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "ARCHIVE_SUFFIXES": "suite.sources.opening",
            "BytesSource": "suite.sources.source_types",
            "FileSource": "suite.sources.source_types",
            "FolderTree": "suite.sources.folder",
            "Member": "suite.sources.tree",
            "Source": "suite.sources.source_types",
            "Tree": "suite.sources.tree",
            "copy_stream": "suite.sources.unpacking",
            "is_archive": "suite.sources.opening",
            "open_file": "suite.sources.source_types",
            "open_lines": "suite.sources.unpacking",
            "open_tree": "suite.sources.opening",
            "read_file": "suite.sources.source_types",
            "read_stream": "suite.sources.unpacking",
            "source": "suite.sources.source_types",
            "stream_lines": "suite.sources.unpacking",
        },
    )
