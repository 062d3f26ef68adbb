"""Folders of recordings with a text of the same name beside each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, split_of_name
from suite.sources import Tree, open_tree
from suite_language.encodings import decoded
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.cues import cues, units, without_sample_numbers
from suite_speech_recognition.loaders.listing import is_recording, splits_by_folder, stem
from suite_speech_recognition.loaders.options import TextFilesOptions

ENDINGS = (".txt", ".lab", ".normalized.txt", ".original.txt", ".srt", ".vtt", ".wrd", ".phn")
"""What transcripts may end with, the likeliest first."""

_MICROPHONE = re.compile(r"_mic\d+$")

SUBTITLES = (".srt", ".vtt")
UNITS = (".wrd", ".phn")
"""Files of TIMIT: a line for each word or phone, with the numbers of the samples between which it is said."""


def have_texts(names: Sequence[str]) -> bool:
    """Whether any recording has a text beside it."""
    return bool(_ending(names))


def _ending(names: Sequence[str]) -> str:
    """The first of `ENDINGS` with which a text stands beside a recording; empty if there is none."""
    recordings = {key for name in names if is_recording(name) for key in _keys(name)}
    return next((ending for ending in ENDINGS if not recordings.isdisjoint(_texts(names, ending))), "")


def _keys(name: str) -> list[str]:
    """What the text of a recording may be called, without its ending: the likeliest first.

    VCTK has its texts in folders of their own, and recordings of two microphones, `p225_001_mic1.flac`.
    """
    beside = stem(name)
    alone = beside.rpartition("/")[2]
    return [beside, name, f"*/{alone}", f"*/{_MICROPHONE.sub('', alone)}"]


def _texts(names: Sequence[str], ending: str) -> dict[str, int]:
    """The files with an ending, by what stands before it; and as `*/NAME`, if no other has that name."""
    files = {name[: -len(ending)]: file for file, name in enumerate(names) if name.lower().endswith(ending)}
    alone = Counter(key.rpartition("/")[2] for key in files)
    return files | {
        f"*/{name}": file for key, file in files.items() if alone[name := key.rpartition("/")[2]] == 1
    }


def load(path: Path, options: TextFilesOptions) -> Dataset:
    """Load recordings with a text beside each, in which line breaks are spaces.

    Splits are folders named train, validation (val, valid, dev) and test, if there is one for train;
    otherwise everything is for training. Subtitles give an example for each cue. Of TIMIT, whose texts begin
    with the numbers of samples, these are left out, and folders are speakers.

    Args:
        path: a folder or an archive.
        options: which texts, and whether folders are speakers.

    Raises:
        UserError: if no recording has a text. What cannot be used is named in `Dataset.problems`.
    """
    tree = open_tree(path)
    ending = options.ending.lower() or _ending(tree.names)
    ending = ending if ending.startswith(".") or not ending else f".{ending}"
    recordings = [file for file, name in enumerate(tree.names) if is_recording(name)]
    files = _texts(tree.names, ending) if ending else {}
    text_of_recording = {
        file: next((files[key] for key in _keys(tree.names[file]) if key in files), None)
        for file in recordings
    }
    if not any(found is not None for found in text_of_recording.values()):
        endings = ending or ", ".join(ENDINGS)
        raise UserError(f"{path} holds no recording with a text of the same name beside it ({endings})")
    splits = splits_by_folder([tree.names[file] for file in recordings])
    utterances = Utterances(options.channel)
    problems = [*tree.problems]
    used = sorted({found for found in text_of_recording.values() if found is not None})
    texts = _read(tree, used, options.encoding, utterances, problems)
    folders = options.speaker_folders
    if ending in UNITS:
        texts = {file: units(text) for file, text in texts.items()}
    elif ending not in SUBTITLES and (said := without_sample_numbers(list(texts.values()))) is not None:
        texts = dict(zip(texts, said, strict=True))
        folders = True
        note = "the texts begin with the numbers of samples, as TIMIT's do: these are left out"
        problems.append(Problem(note, wrong=False))
    for file in recordings:
        name = tree.names[file]
        split = splits[name]
        found = text_of_recording[file]
        if split is None:
            utterances.leave_out("in no folder of a split", name)
        elif found is None:
            utterances.leave_out(f"without a {ending} beside it", name)
        elif (text := texts.get(found)) is not None:
            folder = name.rpartition("/")[0].rpartition("/")[2]
            speaker = folder if folders and split_of_name(folder, whole=True) is None else ""
            if ending in SUBTITLES:
                for number, cue in enumerate(cues(text), 1):
                    utterances.add(
                        split, f"{name}, cue {number}", file, cue.text, speaker, cue.start, cue.end
                    )
            else:
                utterances.add(split, name, file, text, speaker)
    if lonely := [tree.names[file] for file in sorted({*files.values()} - {*used})]:
        problems.append(Problem(f"{counted(len(lonely), 'text', 'texts')} without a recording", lonely))
    return utterances.dataset(path, tree, problems)


def _read(
    tree: Tree, files: Sequence[int], encoding: str, utterances: Utterances, problems: list[str]
) -> dict[int, str]:
    """The texts of all files that can be read."""
    texts: dict[int, str] = {}
    guessed: dict[str, list[str]] = {}
    is_subtitles = any(tree.names[file].lower().endswith((*SUBTITLES, *UNITS)) for file in files)
    for file in files:
        source = tree.source(file)
        try:
            content = decoded(source.read(), source.name, encoding)
        except UserError as error:
            utterances.leave_out("whose text cannot be read", str(error))
            continue
        if content.unusual:
            guessed.setdefault(content.encoding, []).append(tree.names[file])
        texts[file] = content.text if is_subtitles else " ".join(content.text.split())
    problems += [
        Problem(
            f"{counted(len(names), 'text is', 'texts are')} not UTF-8 and read as {name}, by their looks",
            names,
            wrong=False,
        )
        for name, names in guessed.items()
    ]
    return texts
