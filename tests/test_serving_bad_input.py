"""What no server may fall over: each request gets a precise refusal, and the next one its answer."""

from __future__ import annotations

import json
import socket
import struct
import time
import tracemalloc
import zlib
from contextlib import suppress

import pytest

from served import KEPT, form, received, serving
from suite.serving import inputs
from suite.serving.arrays import array_of
from suite.serving.problems import RequestError

IMAGE, TEXT = "/v1/models/image/predict", "/v1/models/text/predict"
POST_IMAGE = b"POST /v1/models/image/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
GOOD = {"inputs": ["when does Ann see the lamp ?"]}


@pytest.fixture(scope="module")
def served():
    models = {name: KEPT / f"{name}-classification" / "export" for name in ("image", "text")}
    models["writer"] = KEPT / "text-generation" / "export"
    with serving(
        models, header_seconds=0.4, body_seconds=0.4, max_body_mb=1, max_inputs=4, max_characters=1000,
        max_connections=40, queue=8,
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(autouse=True)
def lives_on(served):
    """After each test the server answers as before, and holds nothing of what was sent."""
    yield
    assert served("POST", TEXT, GOOD).status == 200
    end = time.monotonic() + 5
    while any(model.accepted for model in served.models.values()) and time.monotonic() < end:
        time.sleep(0.01)  # the answer is there a moment before it is over
    assert all(model.accepted == 0 for model in served.models.values())


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 900 million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(9000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not an image", "is text, not an image"),
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "JPEG"),
        (bomb(), "30,000 x 30,000 pixels"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(served, content, said):
    answer = served("POST", IMAGE, *form(("file", "a.png", content)))
    assert answer.status == 422
    assert said in answer.json["predictions"][0]["error"]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/x.jpg", "0", "-", "*"]
)
def test_a_text_is_never_a_path(served, path):
    assert "takes no texts" in served.predict("image", path).json["predictions"][0]["error"]
    assert served.predict("image", {"base64": "", "name": path}).status == 422
    text = served.predict("text", path)
    assert text.json["predictions"][0]["name"] == path
    answer = served("POST", IMAGE, *form(("file", path, b"x")))
    assert "root:" not in answer.body.decode()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"inputs": [NaN]}', 400, "malformed_json"),
        (b'{"inputs": [[Infinity]]}', 400, "malformed_json"),
        (b'{"inputs": ["\xff"]}', 400, "malformed_json"),
        (b"[" * 100_000, 422, "invalid_request"),
        (b'{"inputs": [[1e400]]}', 422, "invalid_request"),
        (b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "malformed_json"),
        (b"[]", 422, "invalid_request"),
        (b"{}", 422, "invalid_request"),
        (b'{"inputs": []}', 422, "no_input"),
        (b'{"inputs": "a"}', 422, "invalid_request"),
        (b'{"inputs": ["a"], "what": 1}', 422, "invalid_request"),
        (b'{"inputs": ["a"], "options": {"what": 1}}', 422, "option"),
        (b'{"inputs": ["a"], "options": {"top": -1}}', 422, "option"),
        (b'{"inputs": ["a"], "options": {"top": {"a": [1]}}}', 422, "option"),
        (b'{"inputs": ["a", "a", "a", "a", "a"]}', 413, "too_many_inputs"),
    ],
)
def test_json_that_is_wrong_is_refused(served, body, status, code):
    answer = served("POST", TEXT, body, {"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (status, code), answer.body


@pytest.mark.parametrize(
    "given",
    [
        1, None, True, {}, {"base64": "?"}, {"base64": 1}, {"base64": "aa", "more": 1}, {"array": "a"},
        {"array": []},
        {"array": [[1], [1, 2]]}, {"array": [1, "a"]}, [{}],
        {"array": [300], "dtype": "uint8"}, {"array": [0.5], "dtype": "uint8"},
        {"array": [1], "dtype": "object"},
        {"array": [1], "dtype": "O"}, {"array": [[[[[[[[[[1]]]]]]]]]]}, [10**30], [], ["a"],
        {"array": [1], "sampling_rate": 8000}, {"array": [[[None, 1, 2]]]},
    ],
    ids=str,
)  # fmt: skip
def test_an_input_that_is_none_is_refused(served, given):
    answer = served.predict("image", given)
    assert answer.status == 422
    assert answer.json["predictions"][0]["error"]


def test_a_text_that_is_too_long_is_refused_before_it_is_read(served):
    assert "1,000" in served.predict("text", "a" * 1001).json["predictions"][0]["error"]
    assert "1,000" in served("POST", TEXT, *form(("f", "a", b"a" * 5000))).json["predictions"][0]["error"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"x", "", 415, "content_type"),
        (b"x", "application/x-www-form-urlencoded", 415, "content_type"),
        (b"x", "application/pdf", 415, "content_type"),
        (b"", "image/png", 400, "no_input"),
        (b"x", "multipart/form-data", 400, "malformed_form"),
        (b"x", "multipart/form-data; boundary=limit", 400, "malformed_form"),
        (form(("f", "a", b"x"))[0][:-9], "multipart/form-data; boundary=limit", 400, "malformed_form"),
        (form(("f", "a", b"x"))[0][:30], "multipart/form-data; boundary=limit", 400, "malformed_form"),
        (b"--limit\r\n\r\nx\r\n--limit--\r\n", "multipart/form-data; boundary=limit", 400, "malformed_form"),
        (form(*[("f", "a", b"x")] * 30)[0], "multipart/form-data; boundary=limit", 413, "too_many_inputs"),
        (form(("options", None, b"x"))[0], "multipart/form-data; boundary=limit", 422, "invalid_request"),
        (form(("options", None, b"{}"))[0], "multipart/form-data; boundary=limit", 422, "no_input"),
        (form(("f", None, b"\xff"))[0], "multipart/form-data; boundary=limit", 400, "encoding"),
    ],
)
def test_forms_and_files_that_are_wrong_are_refused(served, body, content_type, status, code):
    answer = served("POST", IMAGE, body, {"Content-Type": content_type} if content_type else {})
    assert (answer.status, answer.code) == (status, code), answer.body


@pytest.mark.parametrize("keep", ["close", "keep-alive"])
@pytest.mark.parametrize(("path", "status"), [("/v1/models/nothing/predict", 404), (IMAGE, 413)])
def test_who_is_refused_before_all_of_a_body_came_still_gets_the_reason(served, path, status, keep):
    headers = {"Content-Type": "image/png", "Connection": keep}
    assert served("POST", path, bytes(5_000_000), headers).status == status


@pytest.mark.parametrize("content", [b"zz\r\n", b"fffffffffffffffff\r\n"])
def test_a_body_of_chunks_that_are_none_is_refused_with_its_reason(served, content):
    answer = served.send_raw(POST_IMAGE + b"Transfer-Encoding: chunked\r\n\r\n" + content)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"malformed_http"' in answer


@pytest.mark.parametrize("other", ["a" * 1_000_000, [], {}, [[1]]], ids=["text", "list", "object", "lists"])
def test_what_is_no_number_takes_no_memory_of_an_array(other):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="its lists"):
            array_of([other, *[1] * 1000])
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f600"])
def test_a_long_name_becomes_one_that_a_file_can_have(letter):
    name = inputs.cleaned(letter * 300 + ".csv")
    assert name.endswith(f"{letter}.csv")
    assert 100 < len(name.encode()) <= 200


def test_a_packed_body_is_refused(served):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert served("POST", TEXT, b"x", headers).code == "packed_body"


def test_addresses_that_are_none_are_refused(served):
    assert served("GET", "/v1/models/nothing").code == "unknown_model"
    assert served("POST", "/v1/models/nothing/predict", GOOD).code == "unknown_model"
    assert served("GET", "/nothing").code == "not_found"
    assert served("GET", "/v1/models/..%2f..%2fetc/predict").status in (404, 405)
    refused = served("GET", TEXT)
    assert (refused.status, refused.headers["allow"]) == (405, "POST")


@pytest.mark.slow
def test_a_body_that_is_too_large_is_refused_before_it_is_read(served):
    answer = served.send_raw(POST_IMAGE + b"Content-Length: 2000000000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 413")
    # Without a length, what comes is counted.
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    answer = served.send_raw(POST_IMAGE + b"Transfer-Encoding: chunked\r\n\r\n" + 16 * chunk)
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "head",
    [b"", b"GET /healthz HTTP/1.1\r\nX: ", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nG"],
    ids=["nothing", "half", "second"],
)
def test_a_head_that_comes_too_slowly_ends_the_connection(served, head):
    begin = time.monotonic()
    answer = served.send_raw(head)
    assert 0.2 < time.monotonic() - begin < 5
    assert b'"slow_head"' in answer


def test_a_body_that_comes_too_slowly_ends_the_connection(served):
    answer = served.send_raw(POST_IMAGE + b"Content-Length: 100\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"slow_body"' in answer


def test_a_head_that_is_too_large_is_refused(served):
    answer = served.send_raw(b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)
    assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "content",
    [b"\r\n\r\n", b"what\r\n\r\n", bytes(100), b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\n"],
)
def test_what_is_no_http_is_refused(served, content):
    assert b" 200 " not in served.send_raw(content)


def test_idle_connections_keep_nobody_out(served):
    held = [socket.create_connection(("127.0.0.1", served.port), timeout=5) for _ in range(60)]
    try:
        assert served("GET", "/healthz").status == 200
        said = [received(connection) for connection in held[:15]]
        assert all(b'"too_many_connections"' in answer for answer in said)
    finally:
        for connection in held:
            connection.close()


def test_a_full_queue_says_when_to_come_again(served):
    writer = served.models["writer"]
    writer.accepted += 6  # as many requests would have done
    try:
        answer = served.predict("writer", "a", "b", "c")
    finally:
        writer.accepted -= 6
    assert (answer.status, answer.code) == (429, "queue_full")
    assert answer.headers["retry-after"] == "1"


def test_nobody_works_for_a_client_that_has_gone(served):
    body = json.dumps({"inputs": ["when does", "x", "y", "z"], "options": {"tokens": 5000}}).encode()
    for path in ("predict", "predict?stream=true"):
        head = (
            f"POST /v1/models/writer/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(head.encode() + body)
            time.sleep(0.15)
        end = time.monotonic() + 5
        while served.models["writer"].accepted and time.monotonic() < end:
            time.sleep(0.01)
        assert served.models["writer"].accepted == 0


def infer(served, model, body, binary=b""):
    content = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(content)),
    }
    return served("POST", f"/v2/models/{model}/infer", content + binary, headers)


IMAGES = {"name": "images", "shape": [1, 8, 8, 3], "datatype": "UINT8"}


@pytest.mark.parametrize(
    ("changes", "binary", "said"),
    [
        ({}, b"", "has no data"),
        ({"data": [1, 2]}, b"", "has 2 elements"),
        ({"data": [0.5] * 192}, b"", "elements that are no UINT8"),
        ({"data": [300] * 192}, b"", "do not fit into UINT8"),
        ({"data": [True] * 192}, b"", "elements that are no UINT8"),
        ({"data": [[1], 2]}, b"", "nested unevenly"),
        ({"shape": [1, 4, 4, 3], "data": [1] * 48}, b"", "the model takes [-1, 8, 8, 3]"),
        ({"shape": [2**40, 2**40]}, b"", "more elements than any"),
        ({"shape": [-1, 8, 8, 3]}, b"", "positive sides"),
        ({"shape": []}, b"", "positive sides"),
        ({"datatype": "FP32", "data": [1] * 192}, b"", "the model takes UINT8"),
        ({"datatype": "FP99"}, b"", "known are"),
        ({"name": "nothing", "data": [1] * 192}, b"", "no input 'nothing'"),
        ({"parameters": {"binary_data_size": 192}}, bytes(10), "and 10 came"),
        ({"parameters": {"binary_data_size": 10}}, bytes(10), "asks for 192"),
        ({"parameters": {"binary_data_size": -1}}, b"", "is none"),
        ({"parameters": {"binary_data_size": 192}}, bytes(200), "8 bytes came after"),
        ({"parameters": {"shared_memory_region": "x"}}, b"", "no shared memory"),
        ({"datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}},
         b"\x09\0\0\0ab", "cut off"),
        ({"datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 5}},
         b"\x01\0\0\0a", "another number"),
        ({"datatype": "BYTES", "shape": [1], "data": [1]}, b"", "are texts"),
        ({"shape": [5, 8, 8, 3], "data": [1] * 960}, b"", "more than the limit of 4"),
    ],
    ids=str,
)  # fmt: skip
def test_tensors_that_are_wrong_are_refused(served, changes, binary, said):
    answer = infer(served, "image", {"inputs": [{**IMAGES, **changes}]}, binary)
    assert answer.status in (400, 413)
    assert said in answer.json["error"]


def test_requests_of_tensors_that_are_wrong_are_refused(served):
    path = "/v2/models/image/infer"
    for body, said in [
        (b"{", "no JSON"),
        (b"{}", "not one of"),
        (b'{"inputs": []}', "no inputs"),
        (b'{"inputs": [{}]}', "not one of"),
    ]:
        assert said in served("POST", path, body).json["error"]
    headers = {"Inference-Header-Content-Length": "1000"}
    assert "not the length" in served("POST", path, b"{}", headers).json["error"]
    good = {"inputs": [{**IMAGES, "data": [1] * 192}]}
    assert served("POST", path, good).status == 200
    assert "no output" in served("POST", path, {**good, "outputs": [{"name": "x"}]}).json["error"]
    assert served("POST", "/v2/models/image/versions/2/infer", good).status == 404
    words = {"shape": [1, 5000], "datatype": "INT32", "data": [1] * 5000}
    text = {"inputs": [{"name": name, **words} for name in ("ngrams", "words")]}
    assert "--max-tensor-side" in served("POST", "/v2/models/text/infer", text).json["error"]
    words = {"shape": [1, 5], "datatype": "INT32", "data": [10**9] * 5}
    answer = served(
        "POST", "/v2/models/text/infer", {"inputs": [{"name": name, **words} for name in ("ngrams", "words")]}
    )
    assert answer.status == 422
    assert "/" not in answer.json["error"].partition("tensors:")[2][:20]


def test_json_of_more_elements_than_fit_into_memory_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(inputs, "MAX_ELEMENTS", 10)
    with pytest.raises(RequestError, match="more than 10 elements"):
        inputs.check_elements(b"1," * 20)
    inputs.check_elements(b"1," * 5)


def test_who_does_not_take_an_answer_is_dropped():
    with (
        serving({"text": KEPT / "text-classification" / "export"}, send_seconds=0.3) as running,
        socket.create_connection(("127.0.0.1", running.port)) as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(10) == b"HTTP/1.1 2"
        with suppress(OSError):
            for _ in range(400):  # more than the system keeps for a client that does not read
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        end = time.monotonic() + 10
        while running.server.server_state.connections and time.monotonic() < end:
            time.sleep(0.05)
        assert not running.server.server_state.connections


def test_a_request_that_is_refused_early_gets_its_sentence_all_the_same(served):
    assert served("POST", "/v1/models/nothing/predict", bytes(8_000_000)).code == "unknown_model"
    assert served("POST", IMAGE, bytes(8_000_000), {"Content-Type": "image/png"}).code == "too_large"


def test_heads_and_names_of_any_length_cost_nothing(served):
    assert (
        served("POST", IMAGE, b"x", {"Content-Type": "multipart/form-data" + ";" * 60_000}).code
        == "content_type"
    )
    assert served("POST", IMAGE + "?" + "a&" * 30_000, b"x", {"Content-Type": "image/png"}).code == "query"
    assert len(inputs.cleaned("/x/" + "雪" * 3000 + ".csv").encode()) <= 200
    assert inputs.cleaned("雪" * 3000 + ".csv").endswith(".csv")
    assert [inputs.cleaned(name) for name in ("..", "a/..", "C:\\x\\y.png", "\x1b[31m", "")] == [
        "",
        "",
        "y.png",
        "[31m",
        "",
    ]


def test_no_answer_in_time_is_said_alike_by_each_endpoint():
    tensor = {"name": "texts", "shape": [1], "datatype": "BYTES", "data": GOOD["inputs"]}
    with serving({"text": KEPT / "text-classification" / "export"}, answer_seconds=1e-6) as hurried:
        own, theirs = hurried("POST", TEXT, GOOD), infer(hurried, "text", {"inputs": [tensor]})
        streamed = hurried("POST", f"{TEXT}?stream=true", GOOD)
    assert (own.status, theirs.status, own.headers["retry-after"]) == (503, 503, "5")
    assert own.message == theirs.json["error"] == streamed.lines[-1]["error"]
    assert own.message == "there was no answer within 1e-06 seconds: send less at once"
