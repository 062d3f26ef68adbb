"""`suite.connect(url)` and `suite predict --server URL`: what a server predicts is what is predicted here."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import suite
import weather
from served import KEPT, serving
from suite.cli.main import main
from suite.serving.sending import MAX_INPUTS
from test_kept_models import alike, read_input

TASKS = sorted(path.name for path in KEPT.iterdir())
TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    with serving({task: KEPT / task / "export" for task in TASKS}) as running:
        yield running


@pytest.fixture(scope="module")
def client(served) -> Iterator[suite.Client]:
    with suite.connect(f"http://127.0.0.1:{served.port}") as connected:
        yield connected


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Any]:
    return {task: suite.load(KEPT / task / "export") for task in TASKS}


@pytest.fixture
def images(tmp_path) -> list[Path]:
    import cv2

    paths = [tmp_path / f"{name}.png" for name in ("one", 'zwölf "12"', "three")]
    for shade, path in enumerate(paths):
        cv2.imencode(".png", np.full((30, 40, 3), 60 * shade, np.uint8))[1].tofile(path)
    return paths


@contextmanager
def answering(handle: Any) -> Iterator[str]:
    """The address of a server that answers each request by `handle(request)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            handle(self)

        do_POST = do_GET  # noqa: N815 - as the standard library calls it

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def give(request: Any, status: int, value: Any, **headers: str) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    request.rfile.read(int(request.headers.get("Content-Length", 0)))
    request.send_response(status)
    for name, text in headers.items():
        request.send_header(name.replace("_", "-"), text)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


MODELS = {"models": [{"name": "m", "task": "nobody-s", "inputs": {"text": True}}]}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_predictions_of_every_task_are_those_of_load(client, pipelines, task):
    told = json.loads((KEPT / task / "expected.json").read_text())
    raws = [read_input(raw) for raw in told["inputs"]]
    predictions = client.predict(raws, task, options=told["options"])
    assert [type(prediction) for prediction in predictions] == [
        suite.Host().task(task).prediction_class
    ] * len(raws)
    assert alike(told["predictions"], msgspec.to_builtins(predictions))
    single = client.predict(raws[0], task, options=told["options"])
    assert alike(told["predictions"][0], msgspec.to_builtins(single))


def test_files_are_read_here_in_whatever_form(client, pipelines, images):
    task = "image-classification"
    expected = pipelines[task].predict(images)
    bytes_ = [path.read_bytes() for path in images]
    for raws in (images, list(map(str, images)), bytes_, [open(path, "rb") for path in images]):  # noqa: SIM115
        assert alike(msgspec.to_builtins(client.predict(raws, task)), msgspec.to_builtins(expected))
    assert client.predict(np.zeros((2, 8, 8, 3), np.uint8), task) == client.predict(
        [np.zeros((8, 8, 3), np.uint8)] * 2, task
    )


def test_many_inputs_are_sent_in_requests_of_bounded_size(client, served, monkeypatch):
    sent: list[int] = []
    post = client._server.post

    def counted(path: str, body: bytes, *rest: Any, **more: Any) -> Any:
        sent.append(len(json.loads(body)["inputs"]))
        return post(path, body, *rest, **more)

    monkeypatch.setattr(client._server, "post", counted)
    texts = [f"when does Ann see the lamp {number} ?" for number in range(3 * MAX_INPUTS + 1)]
    predictions = client.predict(iter(texts), "text-classification")
    assert len(predictions) == len(texts)
    assert sorted(sent) == [1, *[MAX_INPUTS] * 3]
    here = suite.load(KEPT / "text-classification" / "export").predict(texts)
    assert [prediction.label for prediction in predictions] == [prediction.label for prediction in here]


def test_an_input_that_cannot_be_read_is_an_error_of_its_own(client, images, tmp_path, monkeypatch):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    raws = [images[0], tmp_path / "none.png", broken, images[1]]
    found = client.predict(raws, "image-classification", on_error="return")
    assert [type(value).__name__ for value in found] == [
        "Classification", "InputError", "InputError", "Classification"
    ]  # fmt: skip
    assert (found[2].name, "image" in found[2].reason) == (str(broken), True)
    with pytest.raises(suite.InputError, match=r"none\.png"):
        client.predict(raws, "image-classification")
    with pytest.raises(suite.InputError, match="a path, bytes or a source is needed, not object"):
        client.predict(object(), "image-classification")
    monkeypatch.setattr("suite.sources.remote.FIRST_PAUSE", 0.001)
    with pytest.raises(suite.InputError, match=r"127\.0\.0\.1:9/a\.png cannot be read"):
        client.predict("http://127.0.0.1:9/a.png", "image-classification")


def test_a_text_comes_as_it_grows(client, pipelines):
    options = {"tokens": 24, "temperature": 0}
    grown = list(client.stream("Ann", "text-generation", options=options))
    assert len(grown) > 1
    assert [len(part.text) for part in grown] == sorted(len(part.text) for part in grown)
    assert grown[-1] == client.predict("Ann", "text-generation", options=options)
    assert len(list(client.stream("Ann", "translation"))) == 1


def test_a_file_of_many_inputs_has_a_result_for_each(client, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("when does Ann see the lamp ?\nwhere is Bo ?\n", encoding="utf-8")
    results = list(client.predict_each([lines, "who ?"], "text-classification"))
    assert [result.prediction is not None for result in results] == [True] * 3
    assert results[2].name == "who ?"
    with pytest.raises(suite.InputError, match="it holds 2 inputs: predict_each"):
        client.predict(lines, "text-classification")


def test_a_task_of_nobody_here_has_plain_values(served):
    nobody = suite.Host(weather.weather(), discover=False)
    with suite.connect(f"http://127.0.0.1:{served.port}", host=nobody) as plain:
        assert isinstance(plain.predict("who ?", "text-classification"), dict)


def test_a_model_is_named_if_there_are_several(client):
    assert [model.name for model in client.models()] == TASKS
    with pytest.raises(suite.UserError, match="has the models forecasting, .*: say which"):
        client.predict("a")
    with pytest.raises(suite.UserError, match="has no model 'translatoin': .*translation"):
        client.predict("a", "translatoin")
    assert client.describe("translation")["facts"]["source"]


def test_an_option_that_is_refused_is_a_sentence(client):
    with pytest.raises(suite.UserError, match=r"the server at http://127.* refuses: .*top_k"):
        client.predict("a", "text-generation", options={"top_k": -3})


def test_addresses_that_are_none():
    for url in ("127.0.0.1:8000", "ftp://a", "http://", "http://a/?b", "http://a b", "http://a:x", 7):
        with pytest.raises(suite.UserError, match="is no address of a server"):
            suite.connect(url)  # type: ignore[arg-type]
    with pytest.raises(suite.UserError, match="give a token"):
        suite.connect("http://me:secret@127.0.0.1")
    with pytest.raises(suite.UserError, match="the token is letters"):
        suite.connect("http://127.0.0.1:1", token="a\r\nHost: b")
    with pytest.raises(suite.UserError, match=r"no server answers at http://127.0.0.1:1 .nobody listens"):
        suite.connect("http://127.0.0.1:1")


def test_a_token_is_sent_and_its_lack_is_a_sentence():
    export = KEPT / "text-classification" / "export"
    with serving({"m": export}, token=TOKEN, max_body_mb=0.001) as running:
        url = f"http://127.0.0.1:{running.port}"
        with pytest.raises(suite.UserError, match="needs a token: token=... in a program, or SUITE_TOKEN"):
            suite.connect(url)
        with pytest.raises(suite.UserError, match="refuses the token"):
            suite.connect(url, token="another")
        with suite.connect(url + "/", token=TOKEN) as client:
            assert client.predict("who ?").label
            assert TOKEN not in repr(client._server)
            with pytest.raises(suite.InputError, match="and the server takes 0.001 MB at once"):
                client.predict("who ?" * 10_000)
            client._models["m"] = msgspec.structs.replace(client._models["m"], limits={})
            with pytest.raises(suite.UserError, match="refuses: the body is larger than the limit"):
                client.predict("who ?" * 10_000)


def test_a_redirection_is_not_followed():
    seen: list[str] = []

    def handle(request: Any) -> None:
        seen.append(request.path)
        give(request, 307, b"", Location="http://127.0.0.1:1/stolen")

    sentence = "sends on to 'http://127.0.0.1:1/stolen'.*not followed"
    with answering(handle) as url, pytest.raises(suite.UserError, match=sentence):
        suite.connect(url, token=TOKEN)
    assert seen == ["/v1/models"]


def test_a_busy_server_is_asked_again_and_not_for_ever(monkeypatch):
    answers = [429, 429, 200]
    waited: list[float] = []

    def handle(request: Any) -> None:
        if request.command == "GET":
            give(request, 200, MODELS)
        elif answers and answers.pop(0) == 200:
            give(request, 200, {"predictions": [{"name": "", "prediction": 1}]})
        else:
            give(request, 429, {"error": {"code": "busy", "message": "the queue is full"}}, Retry_After="2")

    with answering(handle) as url, suite.connect(url, timeout=9) as client:
        monkeypatch.setattr(client._server, "_sleep", waited.append)
        assert client.predict("a") == 1
        assert waited == [2.0, 2.0]
        client._server.timeout = 1
        with pytest.raises(suite.RunError, match="is busy: the queue is full"):
            client.predict("a")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, b"<html>"), "is no server of suite: it gives no JSON"),
        ((200, [1]), "is no server of suite"),
        ((404, b""), "is no server of suite: there is no /v1/models"),
        ((500, b"boom"), "failed: status 500"),
        ((500, {"error": {"message": "it broke"}}), "failed: it broke"),
        ((403, {"error": {"message": "another origin"}}), "refuses: another origin"),
    ],
)
def test_what_is_no_server_of_suite_is_said_to_be_none(answer, sentence):
    server = answering(lambda request: give(request, *answer))
    with server as url, pytest.raises(suite.SuiteError, match=sentence):
        suite.connect(url)


def test_answers_that_make_no_sense_are_refused():
    answers: list[Any] = [
        [],
        {"predictions": []},
        {"predictions": 3},
        {"predictions": [3]},
        {"error": {"message": "so not"}},
    ]

    def handle(request: Any) -> None:
        give(request, 200, MODELS if request.command == "GET" else answers.pop(0))

    with answering(handle) as url, suite.connect(url) as client:
        for sentence in (
            "no predictions",
            "gives 0 predictions for 1",
            "no predictions",
            "something else",
            "so not",
        ):
            with pytest.raises(suite.UserError, match=sentence):
                client.predict("a")


def test_predictions_of_another_version_of_the_plugin_are_refused():
    models = {"models": [{"name": "m", "task": "translation", "inputs": {"text": True}}]}

    def handle(request: Any) -> None:
        give(request, 200, models if request.command == "GET" else {"predictions": [{"prediction": [1]}]})

    refused = pytest.raises(suite.UserError, match="so the versions of the plugin differ")
    with answering(handle) as url, suite.connect(url) as client, refused:
        client.predict("a")


def test_names_that_a_server_gives_lead_nowhere_else(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("1")
    models = {"models": [{"name": "m", "task": "nobody-s", "inputs": {"streams": [".csv"]}}]}
    names = ["../../a", "/etc/b", "north", "t.csv:1", "t.csv/../../c"]
    lines = [{"index": 0, "name": name, "prediction": 1, "final": True} for name in names]

    def handle(request: Any) -> None:
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        give(request, 200, models if request.command == "GET" else content)

    with answering(handle) as url, suite.connect(url) as client:
        found = [result.name for result in client.predict_each([table])]
    assert found == [str(table), str(table), "north", f"{table}:1", f"{table}_.._.._c"]


def test_a_server_that_says_nothing_or_goes_away():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(suite.RunError, match=r"has said nothing for 0\.2 seconds"):
            suite.connect(url, timeout=0.2)

    def handle(request: Any) -> None:
        if request.command == "GET":
            give(request, 200, MODELS)
        else:
            request.connection.shutdown(socket.SHUT_RDWR)

    with answering(handle) as url, suite.connect(url) as client:
        for _ in range(2):
            with pytest.raises(suite.RunError, match=f"the connection to {url} broke off"):
                client.predict("a")
    with pytest.raises(suite.UserError, match="is closed"):
        client.predict("a")


def test_a_connection_that_was_closed_while_idle_is_opened_again():
    def handle(request: Any) -> None:
        give(request, 200, MODELS if request.command == "GET" else {"predictions": [{"prediction": 1}]})
        request.close_connection = True  # without having said so

    with answering(handle) as url, suite.connect(url) as client:
        assert [client.predict("a") for _ in range(3)] == [1, 1, 1]


def test_the_lines_of_the_documentation_work(served, images, tmp_path, monkeypatch, capsys):
    page = Path(__file__).parent.parent / "docs" / "serving.md"
    found = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (code,) = [block for block in found if "suite.connect" in block]  # test_serving.py runs the others
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").write_bytes(images[0].read_bytes())
    monkeypatch.chdir(tmp_path)
    for name, real in (
        ("127.0.0.1:8000", f"127.0.0.1:{served.port}"),
        ('"cats"', '"image-classification"'),
        ('"writer"', '"text-generation"'),
    ):
        code = code.replace(name, real)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["predictions"] == [names["prediction"]] * 2
    assert len(capsys.readouterr().out.splitlines()) >= 2


# The command


@pytest.fixture
def predict(served, capsys) -> Any:
    def call(task: str, *words: str) -> tuple[int, list[str], list[str]]:
        url = f"http://127.0.0.1:{served.port}"
        status = main(["predict", "--server", url, "--model", task, *words])
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return call


@pytest.mark.parametrize("words", [["--json"], [], ["--out", "predictions.csv"], ["--out", "folder"]])
def test_the_command_writes_what_it_writes_of_a_folder(predict, images, capsys, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [path.name for path in images]
    assert main(["predict", str(KEPT / "image-classification" / "export"), *given, *words]) == 0
    here = capsys.readouterr()
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path not in images and path.is_file()}
    status, lines, errors = predict("image-classification", *given, *words)
    assert (status, lines, errors) == (0, here.out.splitlines(), here.err.splitlines())
    again = {path: path.read_bytes() for path in tmp_path.rglob("*") if path not in images and path.is_file()}
    assert again == files


def test_boxes_are_written_with_the_numbers_of_the_classes(predict, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--format", "coco", "--set", "threshold=0.005"]
    assert predict("object-detection", *map(str, images), *words, "--out", "a.json")[0] == 0
    main(["predict", str(KEPT / "object-detection" / "export"), *map(str, images), *words, "--out", "b.json"])
    assert alike(json.loads(Path("a.json").read_text()), json.loads(Path("b.json").read_text()))


@pytest.mark.slow
def test_texts_lines_and_what_is_wrong_with_the_words(predict, tmp_path, monkeypatch):
    status, lines, _ = predict("text-classification", "when does Ann see the lamp ?")
    assert (status, lines[0].partition("\t")[0]) == (0, "when does Ann see the lamp ?")
    words = ["the ol", "--set", "tokens=40", "--set", "temperature=0"]
    status, lines, errors = predict("text-generation", *words)
    assert (status, errors) == (0, [])
    written = suite.load(KEPT / "text-generation" / "export", options={"tokens": 40, "temperature": 0})
    assert lines == written.predict("the ol").text.splitlines()
    file = tmp_path / "lines.txt"
    file.write_text("when does Ann see the lamp ?\nwhere is Bo ?\n", encoding="utf-8")
    assert len(predict("text-classification", str(file))[1]) == 2
    status, _, errors = predict("image-classification", str(tmp_path / "none.png"))
    assert (status, "there is no file or folder" in errors[0]) == (2, True)
    status, _, errors = predict("image-classification", str(file), "--backend", "jax")
    assert (status, errors) == (
        2, ["suite: --backend is not for --server: how it predicts is chosen where it runs"]
    )  # fmt: skip


def test_words_for_a_server_need_one(capsys):
    assert main(["predict", "run", "a", "--model", "m"]) == 2
    assert "--model is for a model of --server" in capsys.readouterr().err
    assert main(["predict", "run"]) == 2
    assert "the following arguments are required: INPUT" in capsys.readouterr().err


@pytest.mark.slow
def test_connecting_imports_no_server():
    code = (
        "import sys, suite; suite.connect; "
        "print([n for n in ('starlette', 'uvicorn', 'keras', 'onnxruntime') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
