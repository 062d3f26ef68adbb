"""Sound files that are cut off, do not know their length, or are no sound: what libsndfile does not tell."""

from __future__ import annotations

import io
import re
import struct
from typing import BinaryIO

import soundfile

LOST = 0.02
"""A file is cut off if more than this share of what it announces, and 0.1 s at least, is missing."""

RATES = range(1_000, 1_000_001)
"""Samples per second that a recording may have."""

KNOWN = "WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, AU, CAF, W64 and NIST SPHERE"
"""What is read, for people."""

# How a kind of file is known by its first bytes: position, bytes, name.
_SOUND = (
    (0, b"RIFF", "WAV"),
    (0, b"RF64", "RF64"),
    (0, b"riff", "W64"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"ID3", "MP3"),
    (0, b"FORM", "AIFF"),
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
    (0, b"NIST_1A", "NIST SPHERE"),
)
_BY_AV = (
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypM4A", "an M4A file (AAC)"),
    (4, b"ftyp", "an MP4 or QuickTime file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a WMA or WMV file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"FLV", "a Flash video"),
    (0, b"ADIF", "an AAC file"),
    (0, b"\xff\xf1", "an AAC file"),
    (0, b"\xff\xf9", "an AAC file"),
)
_OTHERS = (
    (8, b"WEBP", "an image"),
    (0, b"MThd", "a MIDI file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"\x89PNG", "an image"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
)

# What libsndfile notes if a file is shorter than its header says: announced, then present.
_SHORTER = re.compile(r"^\s*(?:data|SSND|Data Size|riff)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
# The same for RF64: present, then announced.
_FEWER = re.compile(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)")

_ENDLESS = 10**9
_ROUND = (10**6, 1 << 20)
_HEADER = 4096
"""What programs that write into a pipe announce, not knowing how much there will be, in bytes: a round number
of a gigabyte or more, which the header may be counted in or not."""

_SMALLEST_FRAME, _LONGEST_FRAME = 11, 65_535
"""Of FLAC: in bytes with its header and checksums, and in samples."""

UNKNOWN = 1 << 62
"""Frames that libsndfile tells of a file that does not know its length."""

_LONGEST_PAGE = 27 + 255 + 255 * 255


def read_by_av(head: bytes) -> str:
    """What a file is that PyAV reads and libsndfile does not, by its first bytes; empty for any other."""
    return _kind(head, _BY_AV)


def cannot_be_decoded(name: str, head: bytes, reason: str) -> str:
    """A sentence on a file that libsndfile does not open.

    Args:
        name: of the file.
        head: its first bytes.
        reason: what libsndfile says.
    """
    if head.startswith(b"PAR1"):
        return (
            f"{name} is a Parquet table: suite train, inspect and evaluate read the recordings in it; to"
            " predict them, write them to files"
        )
    if kind := _kind(head, _OTHERS):
        convert = (
            "" if "archive" in kind or "not the file" in kind else ": convert it, to WAV or FLAC for example"
        )
        return f"{name} is {kind}, which cannot be read{convert}. These can: {KNOWN}"
    if kind := _kind(head, _SOUND):
        reason = reason.rstrip(".").lower()
        return f"{name} begins like {kind}, but is damaged, cut off or of an unknown variety ({reason})"
    if head[:1] == b"\xff" and not _is_utf16(head):
        return f"{name} is damaged or cut off, if it was an MP3 file at all"
    return f"{name} is no recording: its content is none of {KNOWN}"


def cut_off(
    name: str, head: bytes, content: BinaryIO | io.RawIOBase, file: soundfile.SoundFile, tolerated: float
) -> str:
    """A sentence on a file that is much shorter than its header says or no recording after all, else "".

    Args:
        name: of the file.
        head: its first bytes.
        content: the open file. Where it stands does not change.
        file: the same to libsndfile.
        tolerated: the share that may be missing.
    """
    if _is_utf16(head):
        return cannot_be_decoded(name, head, "")
    seconds = file.frames / file.samplerate
    if file.format == "FLAC" and _most_of_flac(content) < file.frames < UNKNOWN:
        return f"{name} is damaged or cut off: {seconds:,.6g} s do not fit into its bytes"
    if file.format in ("FLAC", "MP3"):  # they show it when they are decoded
        return ""
    if file.format == "OGG":
        return "" if _ends_with_a_page(content) else f"{name} is cut off: only {seconds:.6g} s are there"
    notes = file.extra_info
    if match := _SHORTER.search(notes):
        announced, present = map(int, match.groups())
        if _is_unknown(announced):
            return ""
    elif match := _FEWER.search(notes):
        present, announced = map(int, match.groups())
    else:
        return ""
    whole = seconds * announced / max(1, present)
    if not present or not file.frames:
        return f"{name} is cut off: it has nothing of what it announces"
    if whole - seconds <= max(0.1, tolerated * whole):
        return ""
    return f"{name} is cut off: it announces {whole:.6g} s, and {seconds:.6g} s are there"


def _most_of_flac(content: BinaryIO | io.RawIOBase) -> int:
    """The samples that a FLAC file of so many bytes can have at most (RFC 9639): frames of silence."""
    before = content.tell()
    size = content.seek(0, io.SEEK_END)
    content.seek(before)
    return (size // _SMALLEST_FRAME + 1) * _LONGEST_FRAME


def _is_unknown(announced: int) -> bool:
    """Whether a length stands for one that is not known."""
    return announced >= _ENDLESS and any(
        min(announced % step, -announced % step) <= _HEADER for step in _ROUND
    )


def with_known_length(content: bytes) -> bytes:
    """A WAV file that says it has no samples, as one that nobody closed does, with the length that it has."""
    position = 12
    while position + 8 <= len(content):
        size = struct.unpack_from("<I", content, position + 4)[0]
        if content[position : position + 4] == b"data":
            rest = len(content) - position - 8
            if size == 0 and rest:
                return (
                    content[: position + 4]
                    + struct.pack("<I", min(rest, 0xFFFFFFFF))
                    + content[position + 8 :]
                )
            break
        position += 8 + size + size % 2
    return content


def _is_utf16(head: bytes) -> bool:
    """Whether it is text with a byte order mark: to libsndfile it is MPEG's layer I, which nobody uses."""
    return head[:2] == b"\xff\xfe"


def _ends_with_a_page(content: BinaryIO | io.RawIOBase) -> bool:
    """Whether an Ogg file ends with a whole page (RFC 3533, section 6)."""
    before = content.tell()
    content.seek(max(0, content.seek(0, io.SEEK_END) - _LONGEST_PAGE))
    tail = content.read() or b""
    content.seek(before)
    position = tail.rfind(b"OggS")
    table = (
        tail[position + 27 : position + 27 + tail[position + 26]] if 0 <= position < len(tail) - 26 else b""
    )
    end = position + 27 + len(table) + sum(table)
    return bool(table) and end <= len(tail) and not tail[end:].strip(b"\0")


def _kind(head: bytes, kinds: tuple[tuple[int, bytes, str], ...]) -> str:
    for position, magic, kind in kinds:
        if head[position : position + len(magic)] == magic:
            return kind
    return ""
