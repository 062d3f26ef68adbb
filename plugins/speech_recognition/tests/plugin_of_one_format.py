"""A plugin that adds one format to speech recognition: Kaldi's `wav.scp`, `text` and `utt2spk`."""

import suite
from suite.kit import split_of_name
from suite_speech_recognition.api import TASK, Utterance, transcribed_recordings


def folders(path):
    return [file.parent for file in sorted(path.glob("*/wav.scp")) if (file.parent / "text").is_file()]


def detect(path):
    return bool(folders(path))


def load(path, options):
    return transcribed_recordings(path, {split_of_name(f.name) or "train": rows(f) for f in folders(path)})


def rows(folder):
    texts, speakers = table(folder / "text"), table(folder / "utt2spk")
    for key, recording in table(folder / "wav.scp").items():
        if recording.endswith("|"):
            raise suite.UserError(f"{folder / 'wav.scp'}: '{key}' is a command, which is not run")
        yield Utterance(recording, texts.get(key, ""), speakers.get(key, ""))


def table(file):
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {key: value.strip() for key, _, value in (line.partition(" ") for line in lines)}


@suite.hookimpl
def suite_data_loaders():
    summary = "folders with Kaldi's wav.scp, text and utt2spk"
    return [suite.DataLoader(name="scp", task=TASK, summary=summary, load=load, detect=detect)]
