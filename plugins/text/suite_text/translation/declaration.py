"""What the plugin contributes to translation."""

from __future__ import annotations

import suite
from suite.widgets import TextInput, TextOutput, Widgets
from suite_text.translation.options import (
    ParallelOptions,
    TableOptions,
    TmxOptions,
    TransformerOptions,
    TranslationOptions,
)

NAME = "translation"

TASK = suite.Task(
    name=NAME,
    summary="what a text says in another language",
    sample=suite.lazy("suite_text.translation.samples:sample"),
    metric="bleu",
    builder="transformer",
    evaluators=("translation",),
    baseline=suite.lazy("suite_text.translation.baseline:copy_source"),
    inspect=suite.lazy("suite_text.translation.inspection:inspect"),
    preview=suite.lazy("suite_text.preview:preview_pairs"),
    check=suite.lazy("suite_text.translation.contract:check"),
    prediction_type=suite.lazy("suite_text.translation.types:Translation"),
    formats={"txt": suite.lazy("suite_text.formats.plain_text:PlainText")},
    types="suite_text.translation.types",
    templates="suite_text.translation.templates",
    perfect=suite.lazy("suite_text.translation.baseline:perfect"),
    widgets=Widgets(input=TextInput(label="A text to translate"), outputs=(TextOutput(text="text"),)),
)

LOADERS: list[suite.DataLoader] = [
    suite.DataLoader(
        name="parallel",
        task=NAME,
        summary="a file per language whose lines belong together: train.en, train.de",
        load=suite.lazy("suite_text.translation.loaders.parallel:load_parallel"),
        detect=suite.lazy("suite_text.translation.loaders.parallel:detect_parallel"),
        options=ParallelOptions,
        write_sample=suite.lazy("suite_text.translation.loaders.sample_files:write_parallel"),
        fallback=True,
    ),
    suite.DataLoader(
        name="table",
        task=NAME,
        summary="TSV, CSV or JSON lines with a text in two languages per row",
        load=suite.lazy("suite_text.translation.loaders.tables:load_table"),
        detect=suite.lazy("suite_text.translation.loaders.tables:detect_table"),
        options=TableOptions,
        write_sample=suite.lazy("suite_text.translation.loaders.sample_files:write_table"),
        fallback=True,
    ),
    suite.DataLoader(
        name="tmx",
        task=NAME,
        summary="translation memories (.tmx)",
        load=suite.lazy("suite_text.translation.loaders.tmx:load_tmx"),
        detect=suite.lazy("suite_text.translation.loaders.tmx:detect_tmx"),
        options=TmxOptions,
        write_sample=suite.lazy("suite_text.translation.loaders.sample_files:write_tmx"),
    ),
]

BUILDERS: list[suite.ModelBuilder] = [
    suite.ModelBuilder(
        name="transformer",
        task=NAME,
        summary="a Transformer encoder-decoder over shared subwords, with beam search inside",
        build=suite.lazy("suite_text.translation.builders:transformer"),
        codec=suite.lazy("suite_text.translation.codec:TranslationCodec.from_json"),
        options=TransformerOptions,
        prediction_options=TranslationOptions,
        quick={
            "model.network": "tiny",
            "model.units": "words",
            "model.max_length": 16,
            "model.beam": 2,
            "training.epochs": 3,
        },
    ),
]

EVALUATORS: list[suite.Evaluator] = [
    suite.Evaluator(
        name="translation",
        task=NAME,
        summary="BLEU and chrF by sacrebleu, by length, translations side by side",
        evaluate=suite.lazy("suite_text.translation.evaluator:translation"),
        metrics={
            "bleu": suite.Metric(label="BLEU"),
            "chrf": suite.Metric(label="chrF"),
            "length_ratio": suite.Metric(label="length ratio"),
        },
    )
]
