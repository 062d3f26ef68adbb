"""What the plugin contributes to text generation."""

from __future__ import annotations

import suite
from suite.widgets import TextInput, TextOutput, Widgets
from suite_text.generation.options import GenerationOptions, PresetOptions, TextOptions, TransformerOptions

NAME = "text-generation"

TASK = suite.Task(
    name=NAME,
    summary="how a text continues",
    sample=suite.lazy("suite_text.generation.samples:sample"),
    metric="bits_per_byte",
    builder="transformer",
    evaluators=("likelihood",),
    reference_models={"5-gram model": suite.lazy("suite_text.generation.ngram_reference:five_gram")},
    explain=suite.lazy("suite_text.generation.explanation:explain"),
    inspect=suite.lazy("suite_text.generation.inspection:inspect"),
    preview=suite.lazy("suite_text.preview:preview_passages"),
    check=suite.lazy("suite_text.generation.contract:check"),
    prediction_type=suite.lazy("suite_text.generation.types:Continuation"),
    formats={"txt": suite.lazy("suite_text.formats.plain_text:PlainText")},
    types="suite_text.generation.types",
    templates="suite_text.generation.templates",
    perfect=suite.lazy("suite_text.generation.ngram_reference:perfect"),
    widgets=Widgets(
        input=TextInput(label="How the text begins"),
        outputs=(TextOutput(text="text", alternatives="samples", continues=True),),
    ),
)

LOADERS: list[suite.DataLoader] = [
    suite.DataLoader(
        name="text",
        task=NAME,
        summary="plain text: a file of any size, or files in a folder; JSON lines with a column of text",
        load=suite.lazy("suite_text.generation.loaders.text:load_text"),
        detect=suite.lazy("suite_text.generation.loaders.text:detect_text"),
        options=TextOptions,
        write_sample=suite.lazy("suite_text.generation.loaders.sample_files:write_text"),
        fallback=True,
    ),
]

BUILDERS: list[suite.ModelBuilder] = [
    suite.ModelBuilder(
        name="transformer",
        task=NAME,
        summary="a decoder-only Transformer over subwords, from scratch",
        build=suite.lazy("suite_text.generation.builders:transformer"),
        codec=suite.lazy("suite_text.generation.codec:GenerationCodec.from_json"),
        options=TransformerOptions,
        prediction_options=GenerationOptions,
        quick={"model.network": "tiny", "model.context": 64, "training.epochs": 3},
    ),
    suite.ModelBuilder(
        name="preset",
        task=NAME,
        summary="a GPT-2, Llama 3 or Qwen of keras-hub, fine-tuned; needs the extra 'presets'",
        build=suite.lazy("suite_text.generation.presets.builder:preset"),
        codec=suite.lazy("suite_text.generation.codec:GenerationCodec.from_json"),
        options=PresetOptions,
        pretrained=suite.lazy("suite_text.generation.presets.pretrained:presets"),
        prediction_options=GenerationOptions,
    ),
]

EVALUATORS: list[suite.Evaluator] = [
    suite.Evaluator(
        name="likelihood",
        task=NAME,
        summary="bits per byte and perplexity, by position in the text, the most surprising passages",
        evaluate=suite.lazy("suite_text.generation.evaluator:likelihood"),
        metrics={
            "bits_per_byte": suite.Metric(label="bits per byte", higher_is_better=False),
            "perplexity": suite.Metric(label="perplexity", higher_is_better=False),
        },
    )
]
