"""Small data of every kind that the plugins read, made on the spot, and data of others, cut down."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.append(str(Path(__file__).parents[2] / "tests"))

import boxes_on_disk
from fuzzing.mutations import Files
from speech_on_disk import FORMATS, encoded, tone

MAX_FILES, MAX_BYTES = 40, 300_000
"""Of one case."""


def read_files(folder: Path) -> Files:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_files(files: Files, folder: Path) -> None:
    """Write them below a folder; what a file system refuses (a folder and a file of one name) is left out."""
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            continue


def written(write: Callable[[Path], Any]) -> Files:
    """What a function writes into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return read_files(Path(folder))


def _packed(files: Files, name: str) -> Files:
    """The files in an archive, whose ending says of which kind."""
    packed = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    else:
        with tarfile.open(fileobj=packed, mode="w:gz" if name.endswith("gz") else "w") as archive:
            for path, content in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return {name: packed.getvalue()}


def lines_of(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def table_of(header: str, *rows: str) -> dict[str, bytes]:
    """The same table as CSV, TSV, JSON, JSON lines, workbook and Parquet, and compressed, by the ending."""
    import openpyxl
    import pyarrow as pa
    from pyarrow import parquet

    names = header.split(",")
    table = [row.split(",") for row in rows]
    records = [dict(zip(names, row, strict=True)) for row in table]
    book, arrow = openpyxl.Workbook(), io.BytesIO()
    for row in (names, *table):
        book.active.append(row)
    book_file = io.BytesIO()
    book.save(book_file)
    parquet.write_table(pa.Table.from_pylist(records), arrow)
    plain = lines_of(header, *rows)
    return {
        ".csv": plain,
        ".tsv": plain.replace(b",", b"\t"),
        ".json": json.dumps(records).encode(),
        ".jsonl": lines_of(*map(json.dumps, records)),
        ".csv.gz": gzip.compress(plain, mtime=0),
        ".xlsx": book_file.getvalue(),
        ".parquet": arrow.getvalue(),
    }


# Images and videos


def images() -> Files:
    """An image of each format, and a video."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    found = {
        f"image{ending}": _image(pixels, ending) for ending in (".png", ".jpg", ".bmp", ".webp", ".tiff")
    }
    found["gray.png"] = _image(pixels[..., 0].astype(np.uint16) * 256, ".png")
    found["alpha.png"] = _image(np.dstack([pixels, pixels[..., :1]]), ".png")
    found["image.ppm"] = _image(pixels, ".ppm")
    found["image.gif"] = _pillow(pixels, "GIF")
    found["colors.png"] = _pillow(pixels, "PNG", mode="P")
    found["exif.jpg"] = _pillow(
        pixels, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    )
    found["pages.tif"] = _pillow(pixels, "TIFF", save_all=True)
    found["float.tif"] = _image(pixels.astype(np.float32), ".tif")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.avi"
        video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (16, 12))
        for _ in range(3):
            video.write(pixels)
        video.release()
        found["video.avi"] = path.read_bytes()
    return found


def _image(pixels: np.ndarray, ending: str) -> bytes:
    return cv2.imencode(ending, pixels)[1].tobytes()


def _pillow(pixels: np.ndarray, kind: str, mode: str = "RGB", **options: Any) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind, **options)
    return file.getvalue()


def image_folder() -> list[Files]:
    """A folder per class, with splits, and packed."""
    kinds = iter(images().items())
    files = {}
    for split in ("train", "val"):
        for label in ("cat", "dog"):
            for name, content in (next(kinds), next(kinds)):
                files[f"{split}/{label}/{name}"] = content
    return [files, *(_packed(files, f"data{ending}") for ending in (".zip", ".tar", ".tar.gz"))]


def image_table() -> list[Files]:
    """A table of paths and labels."""
    some = dict(list(images().items())[:3])
    one = table_of(
        "path,label,split", *(f"{name},{label},train" for name, label in zip(some, "aba", strict=True))
    )
    several = table_of("image,labels", *(f"{name},a b" for name in some))
    hot = table_of(
        "filename,cat,dog", *(f"{name},{hot}" for name, hot in zip(some, ("1,0", "0,1", "1,1"), strict=True))
    )
    return [
        {**some, f"train{ending}": table[ending]}
        for table in (one, several, hot)
        for ending in (".csv", ".tsv", ".jsonl")
    ]


def boxes(kind: str) -> list[Files]:
    """Images with boxes in a format of object detection."""
    return [written(boxes_on_disk.WRITERS[kind])]


# Recordings


def sounds() -> Files:
    """A recording in each container and coding."""
    endings = {"vorbis": "ogg", "opus": "opus", "rf64": "wav"}
    sound = tone(0.1)
    found = {
        f"{number}.{endings.get(kind, kind.partition(',')[0])}": encoded(sound, kind=kind)
        for number, kind in enumerate(FORMATS)
    }
    return {
        **found,
        "stereo.wav": encoded(tone(0.1, channels=2)),
        "stereo.flac": encoded(tone(0.1, channels=2), kind="flac"),
    }


_WAV = encoded(tone(0.05))
_FLAC = encoded(tone(0.05), kind="flac")
_CUES = {
    ".txt": lines_of("hello you"),
    ".lab": lines_of("hello you"),
    ".srt": b"1\n00:00:00,000 --> 00:00:00,020\nhello\n\n2\n00:00:00,020 --> 00:00:00,050\nyou\n",
    ".vtt": b"WEBVTT\n\n00:00.000 --> 00:00.020 line:0\n<v Ann>hello</v>\n\n00:00.020 --> 00:00.050\nyou\n",
    ".wrd": lines_of("0 200 hello", "200 400 you"),
    ".phn": lines_of("0 200 hh", "200 400 y"),
}  # fmt: skip


def speech(loader: str) -> list[Files]:
    """Recordings with transcripts as a loader of speech recognition reads them."""
    clips = {f"clips/{name}.wav": _WAV for name in "abc"}
    match loader:
        case "manifest":
            rows = ("a.wav,hello,s1,0,0.02", "b.wav,you,s2,0.01,0.03", "c.wav,there,s1,0,0.05")
            table = table_of("path,text,speaker,start,end", *(f"clips/{row}" for row in rows))
            nemo = lines_of('{"audio_filepath": "clips/a.wav", "duration": 0.05, "text": "hello"}')
            return [{**clips, f"train{ending}": rows} for ending, rows in {**table, ".json": nemo}.items()]
        case "common-voice":
            header = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccent\tlocale"
            rows = lines_of(header, *(f"s{name}\t{name}.wav\thello\t2\t0\t\t\t\ten" for name in "abc"))
            return [{**clips, "train.tsv": rows, "test.tsv": rows[: rows.rindex(b"sc")], "dev.tsv": rows}]
        case "librispeech":
            names = [
                f"{part}/1/2/1-2-000{number}" for part in ("train-clean", "test-clean") for number in (0, 1)
            ]
            flacs = {f"{name}.flac": _FLAC for name in names}
            lists = {
                f"{part}/1/2/1-2.trans.txt": lines_of("1-2-0000 HELLO", "1-2-0001 YOU")
                for part in ("train-clean", "test-clean")
            }
            return [{**flacs, **lists}]
        case "kaldi":
            folder = {
                "train/wav.scp": lines_of("r1 clips/a.wav", "r2 clips/b.wav"),
                "train/text": lines_of("u1 hello", "u2 you", "u3 there"),
                "train/segments": lines_of("u1 r1 0.0 0.02", "u2 r1 0.02 0.04", "u3 r2 0 0.05"),
                "train/utt2spk": lines_of("u1 s1", "u2 s1", "u3 s2"),
            }
            return [{**clips, **folder}]
        case "id-text":
            wavs = {f"wavs/L-{name}.wav": _WAV for name in "abc"}
            lj = lines_of(*(f"L-{name}|Hello, 1|hello one" for name in "abc"))
            plain = lines_of(*(f"L-{name} hello" for name in "abc"))
            return [{**wavs, "metadata.csv": lj}, {**wavs, "transcript.txt": plain}]
        case "text-files":
            beside = {"train/a.wav": _WAV, "train/b.wav": _WAV}
            return [
                {**beside, f"train/a{ending}": text, f"train/b{ending}": text}
                for ending, text in _CUES.items()
            ]
        case _:
            return [
                {f"{text}_{speaker}_{take}.wav": _WAV for text in "ab" for speaker in "st" for take in "01"}
            ]


# Texts

_TEXTS = (
    "when does Ann see the lamp ?",
    "the table is old .",
    "where is it",
    "Bob knows 3 lamps",
    "das Auto",
    "so",
)
_TMX = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header srclang="en" datatype="plaintext"/><body>
<tu tuid="1"><tuv xml:lang="en"><seg>the <bpt i="1">old</bpt> table</seg></tuv>
<tuv xml:lang="de"><seg>der alte Tisch</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>it</seg></tuv><tuv xml:lang="de"><seg>es</seg></tuv></tu></body></tmx>"""


def texts(task: str, loader: str) -> list[Files]:
    """Texts as a loader of a task reads them."""
    match task, loader:
        case "text-classification", "table":
            table = table_of("text,label,split", *(f"{text},{'ab'[len(text) % 2]},train" for text in _TEXTS))
            several = table_of("text,labels", *(f"{text},a|b" for text in _TEXTS))
            return [{f"data{ending}": rows} for rows in (table, several) for ending, rows in rows.items()]
        case "text-classification", "folder":
            return [
                {
                    f"train/{'ab'[number % 2]}/{number}.txt": lines_of(text)
                    for number, text in enumerate(_TEXTS)
                }
            ]
        case "text-classification", _:
            tabbed = lines_of(*(f"{'ab'[len(text) % 2]}\t{text}" for text in _TEXTS))
            fasttext = lines_of(*(f"__label__{'ab'[len(text) % 2]} {text}" for text in _TEXTS))
            return [{"train.txt": tabbed, "test.txt": tabbed.replace(b"e", b"a")}, {"train.txt": fasttext}]
        case "translation", "parallel":
            train = {f"train.{language}": lines_of(*_TEXTS) for language in ("en", "de")}
            return [{**train, "test.en": lines_of("some", "more"), "test.de": lines_of("ein", "Text")}]
        case "translation", "tmx":
            return [{"memory.tmx": _TMX.encode()}]
        case "translation", _:
            return [
                {f"train{ending}": rows}
                for ending, rows in table_of("en,de", *(f"{text},{text}" for text in _TEXTS)).items()
            ]
        case _:
            chat = [
                {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "so"}]}
                for text in _TEXTS
            ]
            rows = lines_of(*(json.dumps({"text": text}) for text in _TEXTS))
            poem = lines_of(*_TEXTS, "", *_TEXTS)
            several = {"a.txt": poem, "b/c.txt": poem, "d.md": poem}
            return [
                {"train.txt": poem, "test.txt": poem.replace(b"e", b"a")},
                {"data.jsonl": rows},
                several,
                {"chat.jsonl": lines_of(*map(json.dumps, chat))},
            ]


def input_texts() -> Files:
    """Files with texts to predict for."""
    table = {
        f"rows{ending}": rows
        for ending, rows in table_of("text,other", *(f"{text},1" for text in _TEXTS)).items()
    }
    return {
        **table,
        "lines.txt": lines_of(*_TEXTS),
        "empty.txt": b"",
        "page.html": b"<p>one &amp; two</p>",
        "z.txt.gz": gzip.compress(lines_of(*_TEXTS), mtime=0),
    }


# Data of others


def found_below(folder: Path) -> Iterator[tuple[str, Files]]:
    """The folders below one, with their paths; of those that are not small, some of the files."""
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    files = read_files(folder) if len(list(folder.rglob("*"))) < 500 else {}
    small = {name: content for name, content in files.items() if len(content) <= MAX_BYTES}
    for limit in (MAX_FILES, 20, 10):
        kept = dict(sorted(list(small.items())[:: -(-len(small) // limit) or 1]))
        if kept and sum(map(len, kept.values())) <= MAX_BYTES:
            yield str(folder), kept
            break
    for path in inner:
        yield from found_below(path)
