"""A server as clients see it: models, predictions for every kind of input, streams, other protocols."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import shutil
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

import suite
from served import KEPT, Answer, form, serving

PAGE = Path(__file__).parent.parent / "docs" / "serving.md"
README = PAGE.parent.parent / "README.md"
TASKS = ("image-classification", "text-classification", "text-generation", "forecasting", "translation")


@pytest.fixture(scope="module")
def served():
    models = {
        task.partition("-")[0] if task != "text-generation" else "writer": KEPT / task / "export"
        for task in TASKS
    }
    with serving(models) as running:
        yield running


@pytest.fixture(scope="module")
def hearing():
    with serving({"speech": KEPT / "speech-recognition" / "export"}) as running:
        yield running


@pytest.fixture(scope="module")
def image():
    pixels = np.full((40, 40, 3), 200, np.uint8)
    cv2.circle(pixels, (20, 20), 12, (0, 0, 255), -1)
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture(scope="module")
def expected(image):
    prediction = suite.load(KEPT / "image-classification" / "export").predict(image)
    return {"label": prediction.label, "scores": pytest.approx(prediction.scores, abs=1e-5)}


def test_models_are_listed_with_what_they_take(served):
    listed = {model["name"]: model for model in served("GET", "/v1/models").json["models"]}
    assert set(listed) == {"image", "text", "writer", "forecasting", "translation"}
    assert listed["image"]["classes"] == ["disc", "square", "triangle"]
    assert listed["image"]["inputs"]["files"][0] == ".jpg"
    assert listed["text"]["inputs"]["text"] is True
    assert listed["writer"]["can_stream"] is True
    assert listed["forecasting"]["classes"] is None
    assert listed["image"]["limits"]["max_inputs"] == 64
    one = served("GET", "/v1/models/image").json
    assert one["output_schema"]["$defs"]


def test_an_image_is_predicted_however_it_is_sent(served, image, expected):
    path = "/v1/models/image/predict"
    encoded = base64.b64encode(image).decode()
    answers = [
        served("POST", path, *form(("file", "../../etc/disc.png", image))),
        served("POST", path, image, {"Content-Type": "image/png"}),
        served("POST", f"{path}?name=disc.png", image, {"Content-Type": "application/octet-stream"}),
        served.predict("image", {"base64": encoded, "name": "/tmp/disc.png"}),
    ]
    assert [answer.status for answer in answers] == [200] * 4
    (predictions,) = {json.dumps(answer.json["predictions"][0]["prediction"]) for answer in answers}
    assert json.loads(predictions) == expected
    assert [answer.json["predictions"][0]["name"] for answer in answers] == [
        "disc.png", "input.png", "disc.png", "disc.png",
    ]  # fmt: skip


def test_an_array_is_predicted(served, image, expected):
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR_RGB)
    answer = served.predict("image", {"array": pixels.tolist(), "dtype": "uint8"})
    assert answer.json["predictions"][0]["prediction"] == expected


def test_predictions_match_the_schema_that_the_server_gives(served, image):
    schema = served("GET", "/v1/models/image").json["output_schema"]
    answer = served("POST", "/v1/models/image/predict", image, {"Content-Type": "image/png"}).json
    (prediction,) = answer["predictions"]
    jsonschema.validate({"input": prediction["name"], "prediction": prediction["prediction"]}, schema)


def test_a_bad_input_fails_alone(served, image):
    answer = served("POST", "/v1/models/image/predict", *form(("a", "a.png", image), ("b", "b.png", b"no")))
    assert answer.status == 200
    first, second = answer.json["predictions"]
    assert "prediction" in first
    assert second == {"name": "b.png", "error": "b.png is text, not an image"}


def test_requests_together_get_the_answers_that_each_gets_alone(served):
    texts = [
        f"when does {name} see the {thing} ?" for name in ("Ann", "Cy") for thing in ("lamp", "kite", "x")
    ]
    alone = [served.predict("text", text).json["predictions"][0]["prediction"] for text in texts]
    with ThreadPoolExecutor(12) as threads:
        together = list(threads.map(lambda text: served.predict("text", text).json, texts * 8))
    for index, answer in enumerate(together):
        (given,) = answer["predictions"]
        assert given["name"] == texts[index % len(texts)]
        assert given["prediction"]["scores"] == pytest.approx(alone[index % len(texts)]["scores"], abs=1e-5)


def test_options_of_a_request_hold_for_it_alone(served):
    both = served.predict("text", "when is it ?", top=2).json["predictions"][0]["prediction"]
    all_of_them = served.predict("text", "when is it ?").json["predictions"][0]["prediction"]
    assert len(both["scores"]) == 2
    assert len(all_of_them["scores"]) == 3


def test_a_model_whose_folder_is_replaced_stays_what_it_was(tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(KEPT / "text-classification" / "export", folder)
    with serving({"a": folder}) as running:
        before = running.predict("a", "where is it ?", top=1).json
        replacing = (KEPT / "image-classification" / "export" / "pipeline.json").read_bytes()
        (folder / "pipeline.json").write_bytes(replacing)
        after = running.predict("a", "where is it ?", top=1, whole_files=True).json
        shutil.rmtree(folder)
        gone = running.predict("a", "where is it ?", top=1, whole_files=False).json
    assert before == after == gone
    assert before["predictions"][0]["prediction"]["label"]


def test_a_table_has_a_prediction_for_each_of_its_series(served):
    rows = b"date,a,b\n" + b"".join(b"2020-01-%02d,%d,%d\n" % (day, day, 2 * day) for day in range(1, 13))
    answer = served("POST", "/v1/models/forecasting/predict", *form(("file", "sales.csv", rows)))
    assert [line["name"] for line in answer.json["predictions"]] == ["a", "b"]
    missing = served.predict("forecasting", [1, 2, None, 4, 5, 6, 7, 8]).json
    assert missing["predictions"][0]["prediction"]["values"]


@pytest.mark.slow
def test_a_short_text_of_several_sentences_is_predicted_as_in_a_program(served):
    text = "Bo sees the tree. Ann sees Bo. who is it ?"
    of_server = served.predict("translation", text, text[:17]).json["predictions"]
    of_program = suite.load(KEPT / "translation" / "export").predict([text, text[:17]])
    assert [line["prediction"]["text"] for line in of_server] == [each.text for each in of_program]


def test_what_is_wrong_with_a_file_says_nothing_of_where_it_lay(served):
    answer = served("POST", "/v1/models/forecasting/predict", *form(("file", "sales.csv", b"a,b\nx\n")))
    assert answer.status == 422
    (line,) = answer.json["predictions"]
    assert "sales.csv" in line["error"]
    assert "suite-serve" not in line["error"]


@pytest.mark.slow
def test_text_comes_as_it_is_written(served):
    path = "/v1/models/writer/predict"
    streamed = served("POST", f"{path}?stream=true", {"inputs": ["when does", "the"]})
    assert streamed.headers["content-type"] == "application/x-ndjson"
    of_first = [line for line in streamed.lines if line["index"] == 0]
    assert len(of_first) > 2
    assert [line["final"] for line in of_first] == [False] * (len(of_first) - 1) + [True]
    whole = served("POST", path, {"inputs": ["when does"]}).json["predictions"][0]["prediction"]
    assert of_first[-1]["prediction"] == whole


def test_the_words_of_a_long_recording_come_while_the_others_are_recognized(hearing):
    samples = np.random.default_rng(0).normal(0, 0.2, 80_000)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    sent = form(("file", "call.wav", content.getvalue()))
    streamed = hearing("POST", "/v1/models/speech/predict?stream=true", *sent).lines
    assert len(streamed) > 1
    assert [line["final"] for line in streamed] == [False] * (len(streamed) - 1) + [True]
    seconds = [line["prediction"]["seconds"] for line in streamed]
    assert seconds == sorted(set(seconds))
    (whole,) = hearing("POST", "/v1/models/speech/predict", *sent).json["predictions"]
    assert whole["prediction"] == streamed[-1]["prediction"]
    assert hearing("GET", "/v1/models/speech").json["gives_partial"] is True


def test_a_stream_of_an_image_is_a_line(served, image):
    streamed = served(
        "POST", "/v1/models/image/predict?stream=true", *form(("a", "a.png", image), ("b", "b", b""))
    )
    first, second = streamed.lines
    assert first["final"] is True
    assert "error" in second


def test_the_server_says_that_it_lives_and_counts(served):
    assert served("GET", "/healthz").json == {"alive": True}
    assert served("GET", "/readyz").json == {"ready": True}
    served("GET", "/v1/models/nothing")
    metrics = served("GET", "/metrics").body.decode()
    assert 'suite_requests_total{model="text",status="200"}' in metrics
    assert 'suite_refused_total{code="unknown_model"}' in metrics
    assert 'suite_inputs_under_way{model="text"} 0.0' in metrics


def test_tritonclient_gets_what_the_network_gives(served):
    client = pytest.importorskip("tritonclient.http")
    with client.InferenceServerClient(f"127.0.0.1:{served.port}") as triton:
        assert triton.is_server_live()
        assert triton.is_server_ready()
        assert triton.is_model_ready("image")
        (described,) = triton.get_model_metadata("image")["inputs"]
        pixels = np.random.default_rng(0).integers(0, 256, (3, *described["shape"][1:]), np.uint8)
        network = served.models["image"].pipeline.network
        for binary in (True, False):
            tensor = client.InferInput(described["name"], list(pixels.shape), described["datatype"])
            tensor.set_data_from_numpy(pixels, binary_data=binary)
            wanted = client.InferRequestedOutput("scaled_logits", binary_data=binary)
            answer = triton.infer("image", [tensor], outputs=[wanted], request_id="7")
            np.testing.assert_allclose(answer.as_numpy("scaled_logits"), network(pixels), atol=1e-5)
            assert answer.get_response()["id"] == "7"


def test_tritonclient_sends_files_and_gets_predictions(served, image, expected):
    client = pytest.importorskip("tritonclient.http")
    with client.InferenceServerClient(f"127.0.0.1:{served.port}") as triton:
        files = client.InferInput("files", [2], "BYTES")
        files.set_data_from_numpy(np.array([image, b"no"], object))
        first, second = triton.infer("image", [files]).as_numpy("predictions")
    assert json.loads(first) == expected
    assert json.loads(second) == {"error": "input 1 is text, not an image"}


def curl(served, line: str) -> Answer:
    """What a line of the documentation does, with the few options of curl that are in it."""
    words = shlex.split(line.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}"))[1:]
    headers: dict[str, str] = {}
    parts: list[tuple[str, str, bytes]] = []
    body: bytes | None = None
    url = ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-F":
            field, _, path = words.pop(0).partition("=@")
            parts.append((field, path, Path(path).read_bytes()))
        elif word == "--data-binary":
            body = Path(words.pop(0).removeprefix("@")).read_bytes()
        elif word == "--json":
            body, headers["Content-Type"] = words.pop(0).encode(), "application/json"
        elif word != "-N":
            url = word
    if parts:
        body, headers = form(*parts)
    return served("POST", url.partition(str(served.port))[2], body, headers)


@pytest.fixture(scope="module")
def documented():
    """A server of the models that the documentation speaks of."""
    named = {"cats": "image-classification", "words": "text-classification", "writer": "text-generation"}
    with serving({name: KEPT / task / "export" for name, task in named.items()}) as running:
        yield running


@pytest.mark.slow
def test_the_lines_of_the_documentation_work(documented, image, tmp_path, monkeypatch, capsys):
    (tmp_path / "photo.jpg").write_bytes(image)
    (tmp_path / "other.png").write_bytes(image)
    monkeypatch.chdir(tmp_path)
    text, readme = PAGE.read_text(encoding="utf-8"), README.read_text(encoding="utf-8")
    lines = re.findall(r"^curl .*$", text, re.MULTILINE)
    assert len(lines) == 4
    lines += re.findall(r"^curl .*$", readme, re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        assert curl(documented, line).status == 200, line
    block = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks = [code for code in block.findall(text) if "suite.connect" not in code]  # test_client.py runs that
    of_readme = [code for code in block.findall(readme) if "tritonclient" in code]
    assert len(of_readme) == 1
    pytest.importorskip("tritonclient.http")
    for code in [*blocks, *of_readme]:
        code = code.replace("127.0.0.1:8000", f"127.0.0.1:{documented.port}")
        exec(code.replace('"cats/export"', repr(str(KEPT / "image-classification" / "export"))), {})
    assert "(2, 3)" in capsys.readouterr().out


@pytest.mark.slow
def test_what_was_accepted_is_answered_when_the_server_ends(image):
    with serving({"writer": KEPT / "text-generation" / "export"}) as running:
        answers = []

        def ask() -> None:
            answers.append(running.predict("writer", "when does", "the", "x"))

        thread = threading.Thread(target=ask)
        thread.start()
        while not running.models["writer"].accepted and thread.is_alive():
            pass
        running.server.should_exit = True
        thread.join(20)
    assert answers[0].status == 200
    assert all("prediction" in line for line in answers[0].json["predictions"])


def test_options_that_are_texts_are_for_requests_only_if_they_name_no_file(served, hearing):
    answer = served.predict("writer", "when does", stop=["h", "i"], tokens=8)
    assert answer.status == 200
    described = {option["name"]: option for option in served("GET", "/v1/models/writer").json["options"]}
    assert described["stop"]["from_requests"] is True
    body = {"inputs": [[0.0]], "options": {"words": "/etc/passwd"}}
    refused = hearing("POST", "/v1/models/speech/predict", body)
    assert (refused.status, refused.code) == (422, "option")
    assert "only be set by whoever runs the server" in refused.message
