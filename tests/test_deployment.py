"""The files of `examples/deployment`, and what docs/deployment.md says, as far as one machine can try it."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from suite.cli.clusters import CLUSTERS
from suite.cli.main import COMMANDS, Parser, main

pytest.importorskip("suite_image_classification", reason="needs the plugin for image classification")

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "deployment"
PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
EXPORT = ROOT / "tests" / "data" / "kept" / "0.1.0" / "image-classification" / "export"

sys.path.insert(0, str(EXAMPLES))
import triton_repository  # noqa: E402


def instruction(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, each time it is given."""
    text = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def command() -> list[str]:
    (found,) = instruction("CMD")
    words: list[str] = json.loads(found)
    return words


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that was started by the command of the Dockerfile, with another model."""
    words = [word.replace("/model", str(EXPORT)) for word in command()[1:]]
    words[words.index("--host") + 1] = "127.0.0.1"
    words[words.index("--port") + 1] = "0"
    with subprocess.Popen(
        [sys.executable, "-m", "suite", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found, "the server did not say where it is"
        yield found[0]
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.slow
def test_the_command_of_the_dockerfile_serves_and_its_health_check_sees_it(server):
    (check,) = instruction("HEALTHCHECK")
    words = json.loads(check.partition("CMD ")[2])
    program = words[-1].replace("http://127.0.0.1:8000", server)
    assert program != words[-1]
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_the_dockerfile_installs_are_extras_and_plugins_that_there_are():
    (install,) = [words for words in map(shlex.split, instruction("RUN")) if "install" in words]
    (package,) = [word for word in install if word.startswith("keras-suite")]
    extras = re.search(r"\[(.*)\]", package)
    assert extras
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert set(extras[1].split(",")) <= set(setup["options.extras_require"])
    (plugin,) = [value.partition("=")[2] for value in instruction("ARG")]
    assert (ROOT / "plugins" / plugin.removeprefix("suite-").replace("-", "_")).is_dir()
    assert {line.split()[0] for line in instruction("COPY")} == {"wheels", "model"}


def test_the_wheels_of_the_page_are_all_that_the_plugin_needs():
    line = re.search(r"^\$ pip wheel --no-deps --wheel-dir context/wheels (.*)$", PAGE, re.MULTILINE)
    assert line
    assert all((ROOT / folder / "pyproject.toml").is_file() for folder in line[1].split())
    built = {re.sub("_", "-", f"suite-{Path(folder).name}") for folder in line[1].split()[1:]}
    project = (ROOT / "plugins" / "image_classification" / "pyproject.toml").read_text(encoding="utf-8")
    needed = set(re.findall(r'"(suite-[a-z-]+)', project))
    assert needed <= built


def test_the_manifest_of_kserve_fits_the_dockerfile(server):
    manifest = yaml.safe_load((EXAMPLES / "kserve.yaml").read_text(encoding="utf-8"))
    assert (manifest["apiVersion"], manifest["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    (container,) = manifest["spec"]["predictor"]["containers"]
    words = command()
    port = int(words[words.index("--port") + 1])
    assert [item["containerPort"] for item in container["ports"]] == [port]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == port
        with urllib.request.urlopen(server + container[probe]["httpGet"]["path"], timeout=10) as answer:
            assert answer.status == 200
    assert [variable["name"] for variable in container["env"]] == ["SUITE_TOKEN"]


def test_triton_gets_a_repository_that_says_what_the_network_takes_and_gives(tmp_path):
    text_format = pytest.importorskip("google.protobuf.text_format", reason="needs protobuf")
    model_config = pytest.importorskip("tritonclient.grpc.model_config_pb2", reason="needs tritonclient")
    import onnxruntime

    folder = triton_repository.write_repository(EXPORT, tmp_path, "birds")
    config = text_format.Parse((folder / "config.pbtxt").read_text(), model_config.ModelConfig())
    assert (config.name, config.platform) == ("birds", "onnxruntime_onnx")
    assert config.max_batch_size > 1
    session = onnxruntime.InferenceSession(str(folder / "1" / "model.onnx"))
    for tensors, nodes in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
        assert [tensor.name for tensor in tensors] == [node.name for node in nodes]
        for tensor, node in zip(tensors, nodes, strict=True):
            sides = [side if isinstance(side, int) else -1 for side in node.shape[1:]]
            assert list(tensor.dims) == sides
            kind = model_config.DataType.Name(tensor.data_type)
            assert {"TYPE_FP32": "float"}.get(kind, kind.removeprefix("TYPE_").lower()) in node.type


def test_the_page_shows_the_config_that_is_written(tmp_path):
    text = triton_repository.config(EXPORT, "birds")
    blank = re.compile(r"dims: \[[^\]]*\]")
    assert blank.sub("dims: []", text).strip() in blank.sub("dims: []", PAGE)


@pytest.mark.slow
def test_the_client_of_the_page_classifies_through_the_protocol(server, tmp_path, monkeypatch, capsys):
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "photo.jpg"), rng.integers(0, 256, (40, 40, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for shown, here in (
        ("runs/birds/export", str(EXPORT)),
        ("127.0.0.1:8000", server.removeprefix("http://")),
        ('"birds"', '"model"'),
    ):
        assert shown in program
        program = program.replace(shown, here)
    exec(compile(program, "docs/deployment.md", "exec"), {})
    label = capsys.readouterr().out.strip()
    assert main(["predict", str(EXPORT), "photo.jpg", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"]["label"] == label


def test_the_example_for_ray_is_a_program_and_uses_settings_that_there_are():
    text = (EXAMPLES / "ray_serve.py").read_text(encoding="utf-8")
    compile(text, "ray_serve.py", "exec")
    assert "suite.serving.application(models, threads=1)" in text
    from suite.serving import application

    app = application({"birds": EXPORT}, threads=1)
    assert "/v1/models/{name}/predict" in {getattr(route, "path", "") for route in app.routes}


def words_of_suite(text):
    """The commands of suite in a text, without `srun` and what a shell has around them."""
    found = re.findall(r"\bsuite ((?:train|resume) [^;\n]+)", text)
    return [shlex.split(words.replace('"$RUN"', "run")) for words in found]


@pytest.mark.parametrize("name", ["train.sbatch", "trainjob.yaml", "rayjob.yaml"])
def test_files_for_clusters_hold_commands_that_there_are(name):
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    if name.endswith(".yaml"):
        spec = yaml.safe_load(text)["spec"]
        text = spec["entrypoint"] if "entrypoint" in spec else spec["trainer"]["args"][0]
    commands = words_of_suite(text)
    assert {words[0] for words in commands} >= {"train"}
    for command, *words in commands:
        module = import_module(COMMANDS[command][0])
        parser = Parser(prog=f"suite {command}")
        module.add_arguments(parser)
        assert parser.parse(words).cluster in CLUSTERS
    assert ("ray" in name) == ("--cluster ray" in text)
    if not name.endswith(".yaml"):
        subprocess.run(["bash", "-n", str(EXAMPLES / name)], check=True)
