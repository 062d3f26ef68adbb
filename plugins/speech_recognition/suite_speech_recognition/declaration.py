"""What this plugin contributes: the task, eight loaders, three networks and an evaluator."""

from __future__ import annotations

import suite
from suite.widgets import AudioInput, TranscriptOutput, Widgets
from suite_speech_recognition.loaders.options import (
    CommonVoiceOptions,
    IdTextOptions,
    KaldiOptions,
    LibriSpeechOptions,
    ManifestOptions,
    ParquetOptions,
    PatternOptions,
    TextFilesOptions,
)
from suite_speech_recognition.options import ConformerOptions, RecurrentOptions, TranscriptionOptions
from suite_speech_recognition.presets.options import PresetOptions, PresetTranscriptionOptions

TASK = "speech-recognition"
CODEC = suite.lazy("suite_speech_recognition.codec:SpeechCodec.from_json")


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The task."""
    return [
        suite.Task(
            name=TASK,
            summary="recordings to text: what is said in them",
            sample=suite.lazy("suite_speech_recognition.samples:sample"),
            metric="cer",
            builder="recurrent",
            evaluators=("transcription",),
            baseline=suite.lazy("suite_speech_recognition.baseline:most_frequent"),
            inspect=suite.lazy("suite_speech_recognition.inspection:inspect"),
            preview=suite.lazy("suite_speech_recognition.preview:preview"),
            check=suite.lazy("suite_speech_recognition.contract:check"),
            facts=suite.lazy("suite_speech_recognition.contract:facts"),
            types="suite_speech_recognition.types",
            templates="suite_speech_recognition.templates",
            perfect=suite.lazy("suite_speech_recognition.baseline:perfect"),
            prediction_type=suite.lazy("suite_speech_recognition.types:Transcript"),
            formats={
                "txt": suite.lazy("suite_speech_recognition.formats.writers:TextWriter"),
                "srt": suite.lazy("suite_speech_recognition.formats.writers:SrtWriter"),
                "vtt": suite.lazy("suite_speech_recognition.formats.writers:VttWriter"),
            },
            widgets=Widgets(
                input=AudioInput(label="A recording of speech"),
                outputs=(TranscriptOutput(text="text", words="words"),),
            ),
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
            load=suite.lazy("suite_speech_recognition.loaders.manifest:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_manifest"),
            options=ManifestOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_manifest"),
            fallback=True,
        ),
        suite.DataLoader(
            name="parquet",
            task=TASK,
            summary="Parquet tables with the recordings in them, as Hugging Face has them",
            load=suite.lazy("suite_speech_recognition.loaders.parquet:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_parquet"),
            options=ParquetOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_parquet"),
        ),
        suite.DataLoader(
            name="common-voice",
            task=TASK,
            summary="Common Voice: TSV files beside a folder clips",
            load=suite.lazy("suite_speech_recognition.loaders.common_voice:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_common_voice"),
            options=CommonVoiceOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_common_voice"),
        ),
        suite.DataLoader(
            name="librispeech",
            task=TASK,
            summary="LibriSpeech: SPEAKER/CHAPTER/*.flac beside *.trans.txt",
            load=suite.lazy("suite_speech_recognition.loaders.librispeech:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_librispeech"),
            options=LibriSpeechOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_librispeech"),
        ),
        suite.DataLoader(
            name="kaldi",
            task=TASK,
            summary="Kaldi and ESPnet: wav.scp and text, perhaps segments and utt2spk",
            load=suite.lazy("suite_speech_recognition.loaders.kaldi:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_kaldi"),
            options=KaldiOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_kaldi"),
        ),
        suite.DataLoader(
            name="id-text",
            task=TASK,
            summary="lists of ids and texts, as LJSpeech, AISHELL, MLS and OpenSLR have them",
            load=suite.lazy("suite_speech_recognition.loaders.id_text:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_id_text"),
            options=IdTextOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_id_text"),
            fallback=True,
        ),
        suite.DataLoader(
            name="text-files",
            task=TASK,
            summary="a .txt beside each recording, or .lab, .srt, .vtt, .wrd, .phn",
            load=suite.lazy("suite_speech_recognition.loaders.text_files:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_text_files"),
            options=TextFilesOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_text_files"),
            fallback=True,
        ),
        suite.DataLoader(
            name="pattern",
            task=TASK,
            summary="recordings that say in their names what is said: {text}_{speaker}_{take}.wav",
            load=suite.lazy("suite_speech_recognition.loaders.pattern:load"),
            detect=suite.lazy("suite_speech_recognition.loaders.detection:detect_pattern"),
            options=PatternOptions,
            write_sample=suite.lazy("suite_speech_recognition.loaders.sample_files:write_speech_commands"),
            fallback=True,
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
            codec=CODEC,
            options=RecurrentOptions,
            prediction_options=TranscriptionOptions,
            quick={"training.epochs": 3},
        ),
        suite.ModelBuilder(
            name="conformer",
            task=TASK,
            summary="a Conformer with CTC, in sizes, for more data",
            build=suite.lazy("suite_speech_recognition.builders:conformer"),
            codec=CODEC,
            options=ConformerOptions,
            prediction_options=TranscriptionOptions,
            quick={"model.network": "tiny", "training.epochs": 3},
        ),
        suite.ModelBuilder(
            name="preset",
            task=TASK,
            summary="Whisper or Moonshine of keras-hub, fine-tuned or as it is",
            build=suite.lazy("suite_speech_recognition.presets.builder:preset"),
            codec=suite.lazy("suite_speech_recognition.presets.codec:PresetCodec.from_json"),
            options=PresetOptions,
            pretrained=suite.lazy("suite_speech_recognition.presets.pretrained:presets"),
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
            evaluate=suite.lazy("suite_speech_recognition.evaluator:transcription"),
            metrics={
                "cer": suite.Metric(label="CER", higher_is_better=False),
                "wer": suite.Metric(label="WER", higher_is_better=False),
                "sentence_error": suite.Metric(label="sentence error", higher_is_better=False),
                "substitution_rate": suite.Metric(label="substitution rate", higher_is_better=False),
                "insertion_rate": suite.Metric(label="insertion rate", higher_is_better=False),
                "deletion_rate": suite.Metric(label="deletion rate", higher_is_better=False),
            },
        )
    ]
