"""Who may call a server, and what is written of it: tokens, names, origins, the log, OpenAPI."""

from __future__ import annotations

import json
import time

import jsonschema
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import suite
from served import KEPT, running, serving
from suite.serving import application

TEXT = KEPT / "text-classification" / "export"
GOOD = {"inputs": ["when does Ann see the lamp ?"]}
PREDICT = "/v1/models/text/predict"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "access.jsonl"


@pytest.fixture(scope="module")
def served(log):
    with serving(
        {"text": TEXT},
        token="secret",
        hosts=("127.0.0.1",),
        origins=("https://example.org",),
        access_log=str(log),
    ) as running:
        yield running


BEARER = {"Authorization": "Bearer secret"}


def test_without_the_token_nothing_is_answered_but_whether_the_server_lives(served):
    for given in (None, "Bearer wrong", "secret", "Basic secret"):
        headers = {} if given is None else {"Authorization": given}
        answer = served("POST", PREDICT, GOOD, headers)
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert served("GET", "/metrics").status == served("GET", "/v1/models").status == 401
    assert served("GET", "/v2").json == {"error": "this server needs a token: Authorization: Bearer TOKEN"}
    assert served("GET", "/healthz").status == served("GET", "/readyz").status == 200
    assert served("POST", PREDICT, GOOD, BEARER).status == 200


def test_another_name_is_refused_so_that_no_page_can_be_rebound_to_the_server(served):
    assert served("POST", PREDICT, GOOD, {**BEARER, "Host": "evil.example"}).code == "host"
    assert served("GET", "/healthz", headers={"Host": "127.0.0.1:9"}).status == 200


def test_pages_of_other_origins_are_refused_unless_they_are_allowed(served):
    refused = served("POST", PREDICT, GOOD, {**BEARER, "Origin": "https://evil.example"})
    assert (refused.status, refused.code) == (403, "origin")
    assert "access-control-allow-origin" not in refused.headers
    allowed = {"Origin": "https://example.org"}
    answer = served("POST", PREDICT, GOOD, {**BEARER, **allowed})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    preflight = served("OPTIONS", PREDICT, headers=allowed)
    assert preflight.status == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    own = {**BEARER, "Origin": f"http://127.0.0.1:{served.port}"}
    assert served("POST", PREDICT, GOOD, own).status == 200
    assert served("OPTIONS", PREDICT, headers=BEARER).status == 405


def test_the_log_has_a_line_for_each_request_and_no_secret(served, log):
    served("POST", PREDICT, GOOD, BEARER)
    served("POST", PREDICT, b"{", {**BEARER, "Content-Type": "application/json"})
    end = time.monotonic() + 5
    while "malformed_json" not in (content := log.read_text()) and time.monotonic() < end:
        time.sleep(0.01)  # a line is written when its answer is on its way
    good, bad = map(json.loads, content.splitlines()[-2:])
    assert good.items() >= {
        "client": "127.0.0.1", "method": "POST", "path": PREDICT, "status": 200, "model": "text",
        "inputs": 1, "failed": 0,
    }.items()  # fmt: skip
    assert good["ms"] > 0
    assert bad["code"] == "malformed_json"
    assert "secret" not in content
    assert "Ann" not in content


def test_openapi_is_valid_and_predictions_match_it(served):
    document = served("GET", "/openapi.json", headers=BEARER).json
    assert document["openapi"] == "3.1.0"
    assert document["security"] == [{"token": []}]
    content = document["paths"][PREDICT]["post"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    answer = served("POST", PREDICT, GOOD, BEARER).json
    jsonschema.validate(answer, schema)
    answer["predictions"][0]["prediction"]["label"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, schema)


def test_the_documentation_needs_nothing_from_outside(served):
    page = served("GET", "/docs", headers=BEARER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = page.body.decode()
    assert f"http://127.0.0.1:{served.port}{PREDICT}" in text
    assert "<script" not in text
    assert "https://" not in text


def test_an_application_can_be_mounted_in_another_one():
    app = application({"text": TEXT}, max_inputs=1, request_options=False)
    with running(Starlette(routes=[Mount("/models", app)])) as served:
        assert served("GET", "/models/v1/models").json["models"][0]["ready"] is True
        path = f"/models{PREDICT}"
        assert served("POST", path, GOOD).json["model"] == "text"
        assert served("POST", path, {"inputs": ["a", "b"]}).status == 413
        assert served("POST", path, {**GOOD, "options": {"top": 1}}).code == "option"


def test_settings_that_there_are_not_are_refused():
    with pytest.raises(suite.UserError, match="did you mean 'max_inputs'"):
        application({"text": TEXT}, max_input=3)
    with pytest.raises(suite.UserError, match="not allowed"):
        application({"text": TEXT}, max_inputs=0)
    with pytest.raises(suite.UserError, match="is not there"):
        application({"text": "nowhere"})
