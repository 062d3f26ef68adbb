"""Speech recognition: the declaration of what this plugin contributes. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite_speech_recognition.model_options import ConformerOptions, RecurrentOptions
from suite_speech_recognition.options import (
    CommonVoiceOptions,
    LibriSpeechOptions,
    ManifestOptions,
    PatternOptions,
    TextFilesOptions,
)
from suite_speech_recognition.prediction_options import TranscriptionOptions
from suite_speech_recognition.preset_options import PresetOptions, PresetTranscriptionOptions

TASK = "speech-recognition"


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The task."""
    return [
        suite.Task(
            name=TASK,
            summary="what is said in a recording, in words",
            sample=suite.lazy("suite_speech_recognition.samples:sample"),
            metric="cer",
            higher_is_better=False,
            builder="recurrent",
            evaluators=("transcription",),
            baseline=suite.lazy("suite_speech_recognition.baseline:most_frequent"),
            inspect=suite.lazy("suite_speech_recognition.inspection:inspect"),
            prediction_type=suite.lazy("suite_speech_recognition.types:Transcript"),
            formats={
                "txt": suite.lazy("suite_speech_recognition.subtitles:TextWriter"),
                "srt": suite.lazy("suite_speech_recognition.subtitles:SrtWriter"),
                "vtt": suite.lazy("suite_speech_recognition.subtitles:VttWriter"),
            },
        )
    ]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [
        suite.DataLoader(
            name="manifest",
            task=TASK,
            summary="TSV, CSV or JSON lines with a row per recording: path, text, speaker, start, end",
            load=suite.lazy("suite_speech_recognition.loaders:load_manifest"),
            detect=suite.lazy("suite_speech_recognition.loaders:detect_manifest"),
            options=ManifestOptions,
        ),
        suite.DataLoader(
            name="common-voice",
            task=TASK,
            summary="Common Voice: TSV files beside a folder clips",
            load=suite.lazy("suite_speech_recognition.loaders:load_common_voice"),
            detect=suite.lazy("suite_speech_recognition.loaders:detect_common_voice"),
            options=CommonVoiceOptions,
        ),
        suite.DataLoader(
            name="librispeech",
            task=TASK,
            summary="LibriSpeech: SPEAKER/CHAPTER/*.flac beside *.trans.txt",
            load=suite.lazy("suite_speech_recognition.loaders:load_librispeech"),
            detect=suite.lazy("suite_speech_recognition.loaders:detect_librispeech"),
            options=LibriSpeechOptions,
        ),
        suite.DataLoader(
            name="text-files",
            task=TASK,
            summary="a .txt beside each recording",
            load=suite.lazy("suite_speech_recognition.loaders:load_text_files"),
            detect=suite.lazy("suite_speech_recognition.loaders:detect_text_files"),
            options=TextFilesOptions,
        ),
        suite.DataLoader(
            name="pattern",
            task=TASK,
            summary="recordings that say in their names what is said: {text}_{speaker}_{take}.wav",
            load=suite.lazy("suite_speech_recognition.loaders:load_pattern"),
            detect=suite.lazy("suite_speech_recognition.loaders:detect_pattern"),
            options=PatternOptions,
        ),
    ]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [
        suite.ModelBuilder(
            name="recurrent",
            task=TASK,
            summary="convolutions and recurrent layers with CTC, for little data",
            build=suite.lazy("suite_speech_recognition.builders:recurrent"),
            codec=suite.lazy("suite_speech_recognition.codec:SpeechCodec.from_json"),
            options=RecurrentOptions,
            prediction_options=TranscriptionOptions,
        ),
        suite.ModelBuilder(
            name="conformer",
            task=TASK,
            summary="a Conformer with CTC, in sizes, for more data",
            build=suite.lazy("suite_speech_recognition.builders:conformer"),
            codec=suite.lazy("suite_speech_recognition.codec:SpeechCodec.from_json"),
            options=ConformerOptions,
            prediction_options=TranscriptionOptions,
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="Whisper or Moonshine of keras-hub, fine-tuned or as it is",
            build=suite.lazy("suite_speech_recognition.preset_builder:preset"),
            codec=suite.lazy("suite_speech_recognition.preset_codec:PresetCodec.from_json"),
            options=PresetOptions,
            prediction_options=PresetTranscriptionOptions,
        ),
    ]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The scores."""
    return [
        suite.Evaluator(
            name="transcription",
            task=TASK,
            summary="word and character error rates, by speaker and by length, worst utterances to listen to",
            evaluate=suite.lazy("suite_speech_recognition.scores:transcription"),
        )
    ]
