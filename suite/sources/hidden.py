"""Files and folders that are passed over wherever data is listed."""

_LEFT_BEHIND = frozenset(
    {
        "__MACOSX", "Icon\r", "Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN",
        "System Volume Information", "@eaDir", "#recycle", "lost+found",
    }
)  # fmt: skip


def is_hidden(name: str) -> bool:
    """Whether a file or folder is passed over: hidden, or left by macOS, Windows or a disk station."""
    return name.startswith(".") or name in _LEFT_BEHIND
