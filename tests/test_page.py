"""The page of `suite serve` in a real browser, with canned predictions; see `fake_server`."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

import fake_server  # noqa: E402
import weather  # noqa: E402
from fake_server import PREDICTIONS, TOKEN, FakeServer, described, running  # noqa: E402
from served import KEPT, serving  # noqa: E402

BROWSER = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not BROWSER.exists(),
        reason="there is no browser to try the page in (Debian: apt-get install chromium)",
    ),
]

ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--disable-dev-shm-usage",
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
DAYS = "date,sales\n" + "".join(f"2026-01-{day:02d},{10 + day % 3}\n" for day in range(1, 9))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(BROWSER), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def served() -> Iterator[FakeServer]:
    fake = FakeServer([described(task) for task in PREDICTIONS])
    with running(fake.application) as fake.url:
        yield fake


class Tab:
    """A model's tab in a browser page, and what the page complained of."""

    def __init__(self, page: Any, url: str, task: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{url}/#{task}")
        self.panel = page.locator("[role=tabpanel]:not([hidden])")
        self.answer = self.panel.get_by_label("Predictions")

    def give(self, *paths: Path) -> None:
        self.panel.locator("input[type=file]").set_input_files(list(paths))

    def type(self, text: str) -> None:
        self.panel.get_by_role("textbox").fill(text)
        self.panel.get_by_role("button", name="Predict").click()

    def done(self) -> None:
        self.panel.get_by_text("Done in").wait_for()


@pytest.fixture(scope="module")
def window(browser) -> Any:
    """The window in which most tests open a tab; a new one takes a second of its own."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def open_tab(browser, window, served) -> Iterator[Any]:
    contexts = []
    tabs: list[Tab] = []

    def make(task: str, url: str = served.url, **settings: Any) -> Tab:
        context = window
        if settings:
            context = browser.new_context(**settings)
            context.set_default_timeout(10_000)
            contexts.append(context)
        tabs.append(Tab(context.new_page(), url, task))
        return tabs[-1]

    yield make
    for tab in tabs:
        # Nothing is refused by the page's own policy, and nothing fails unseen.
        assert [text for text in tab.complaints if "status of 4" not in text] == []
        tab.page.close()
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    from PIL import Image

    path: Path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.new("RGB", (320, 240), (90, 140, 90)).save(path)
    return path


@pytest.fixture
def sound(tmp_path) -> Path:
    path: Path = tmp_path / "digits.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    return path


def test_an_image_and_its_classes(open_tab, photo, served):
    tab = open_tab("image-classification")
    tab.give(photo)
    tab.done()
    assert tab.answer.locator(".headline").inner_text() == "tabby cat"
    first = tab.answer.locator(".bars li").first
    assert first.inner_text().split("\n") == ["tabby cat", "87.1 %"]
    assert tab.answer.locator(".bars li").count() == 6
    assert tab.answer.get_by_text("owl", exact=True).is_hidden()
    tab.answer.get_by_text("1 more").click()
    assert tab.answer.get_by_text("owl", exact=True).is_visible()
    assert served.requests[-1] == [("photo.png", photo.read_bytes())]


def test_boxes_lie_over_the_image(open_tab, photo):
    tab = open_tab("object-detection")
    tab.give(photo)
    tab.done()
    edges = tab.answer.locator("svg .edge")
    edges.first.wait_for()
    image = tab.answer.locator(".picture img").bounding_box()
    assert image["width"] / image["height"] == pytest.approx(320 / 240, rel=0.01)
    scale = image["width"] / 320
    surest = tab.answer.locator("svg [data-index='0'] .edge").bounding_box()
    found = [surest["x"] - image["x"], surest["y"] - image["y"], surest["width"], surest["height"]]
    assert found == pytest.approx([30 * scale, 40 * scale, 120 * scale, 160 * scale], abs=4)
    assert tab.answer.locator(".headline").inner_text() == "2 cat, 1 dog"
    assert tab.answer.locator(".found li").nth(1).inner_text().split() == [
        "dog",
        "88.0",
        "%",
        *["181,", "60", "to", "300,", "220"],
    ]
    tab.answer.get_by_label("Shown from").fill("60")
    assert tab.answer.locator(".headline").inner_text() == "1 cat, 1 dog"
    assert tab.answer.locator("svg .box:visible").count() == 2


def test_a_sound_file_and_its_words(open_tab, sound):
    tab = open_tab("speech-recognition")
    tab.give(sound)
    tab.done()
    assert tab.answer.locator(".said").inner_text() == "seven three <i>one</i>"  # text, never HTML
    assert tab.answer.locator("i").count() == 0
    assert tab.answer.locator(".doubtful").inner_text() == "<i>one</i>"
    tab.answer.get_by_text("Words and their times").click()
    assert tab.answer.locator("tbody tr").first.inner_text().split() == [
        "0:00.10",
        "0:00.40",
        "seven",
        "98.0",
        "%",
    ]
    tab.answer.get_by_role("button", name="three").click()
    tab.page.wait_for_function("document.querySelector('audio').currentTime >= 0.5")


LOUD = "() => Number(document.querySelector('.level div').style.transform.slice(7, -1)) > 0.1"


def test_what_is_recorded_is_sent_as_a_wav_file(open_tab, served):
    tab = open_tab("speech-recognition")
    tab.panel.get_by_role("button", name="Record", exact=True).click()
    tab.panel.locator(".microphone.recording").wait_for()
    tab.page.wait_for_function(LOUD)  # the made-up microphone beeps now and then
    tab.page.wait_for_timeout(100)
    tab.panel.get_by_role("button", name="Stop recording").click()
    tab.done()
    ((name, content),) = served.requests[-1]
    assert name == "recording.wav"
    assert struct.unpack("<HHI", content[20:28]) == (1, 1, 16_000)
    seconds = (len(content) - 44) / 32_000
    assert 0.1 < seconds < 8
    samples = struct.unpack(f"<{(len(content) - 44) // 2}h", content[44:])
    assert max(map(abs, samples)) > 500


def test_a_text_and_its_classes(open_tab, served):
    tab = open_tab("text-classification")
    tab.type("What a meal!")
    tab.done()
    assert tab.answer.locator(".headline").inner_text().split() == ["praise", "food"]
    assert tab.answer.locator(".bars .chosen").count() == 2
    assert served.requests[-1] == ["What a meal!"]


def test_a_text_appears_while_it_is_written_and_can_be_stopped(open_tab, served):
    tab = open_tab("text-generation")
    tab.type("A slow start. ")
    written = tab.answer.locator(".written")
    written.wait_for()
    assert "growing" in written.get_attribute("class")
    assert not written.inner_text().endswith("</b>.")
    assert tab.answer.locator(".before").inner_text() == "A slow start. "
    tab.panel.get_by_role("button", name="Stop").click()
    tab.panel.get_by_text("Stopped.").wait_for()
    assert "growing" not in written.get_attribute("class")
    tab.panel.get_by_role("textbox").fill("Quick: ")
    tab.panel.get_by_role("button", name="Predict").click()
    tab.done()
    assert written.inner_text() == "".join(fake_server.STORY)


def test_a_pasted_table_and_its_forecast(open_tab, served):
    tab = open_tab("forecasting")
    tab.type(DAYS)
    tab.done()
    assert served.requests[-1] == [("pasted.csv", DAYS.encode())]
    tab.answer.locator("polyline.history").wait_for()
    assert len(tab.answer.locator("polyline.history").get_attribute("points").split()) == 8
    assert tab.answer.locator("polygon.band").count() == 2
    tab.answer.get_by_text("The numbers").click()
    rows = [row.split() for row in tab.answer.locator("tbody tr").all_inner_texts()]
    assert rows[0] == ["2026-01-09", "14", "10", "18", "12.5", "15.5"]
    assert [row[0] for row in rows] == [f"2026-01-{day:02d}" for day in (9, 10, 11, 12)]


NUMBERS = """async ([start, frequency, count]) =>
  (await import("/page/times.js")).stepNames(start, frequency, count)"""
HISTORY = """async ([text, name]) =>
  (await import("/page/table.js")).historyOf(text, name).map(({value}) => value)"""
WIDE = """() => [...document.querySelectorAll("body *")].filter((node) =>
  node.getBoundingClientRect().right > innerWidth + 1
  && !node.closest(".scroll, [role=tablist], pre, .hidden, textarea")
).map((node) => node.outerHTML.slice(0, 80))"""


def test_steps_have_the_times_that_the_plugin_means(open_tab):
    import numpy as np

    from suite_forecasting.frequencies import frequency_of, texts

    page = open_tab("forecasting").page
    for start, frequency in [
        ("2026-01-30T00:00:00", "D"),
        ("2025-12-31T23:15:00", "15min"),
        ("2026-01-31", "MS"),
        ("2024-02-29", "YS"),
        ("2025-11-30", "ME"),
        ("2025-12-31", "2QE-DEC"),
        ("2026-01-02", "B"),
        ("2026-01-04", "W-SUN"),
        ("7", ""),
        ("7", "5"),
    ]:
        shown = page.evaluate(NUMBERS, [start, frequency, 5])
        expected = texts(start, frequency_of(frequency), np.arange(5))
        assert [text.replace(" ", "T").ljust(10) for text in shown] == [
            text.removesuffix("T00:00:00").removesuffix(":00") if "T" in text else text.ljust(10)
            for text in expected
        ], (start, frequency)


HISTORIES: list[tuple[str, str, list[float]]] = [
    (DAYS, "sales", [11, 12, 10, 11, 12, 10, 11, 12]),
    ("1\n2\n3\n", "", [1, 2, 3]),
    ("day;a;b\n2026-01-01;1;5\n2026-01-02;2;6\n", "b", [5, 6]),
    ("day;a;b\n2026-01-01;1;5\n2026-01-02;2;6\n", "c", []),  # of two, nobody knows which
    ("id,ds,y\nA,2026-01-01,1\nB,2026-01-01,7\nA,2026-01-02,2\n", "A", [1, 2]),
    ("id,ds,y\nA,2026-01-01,1\nB,2026-01-01,7\nA,2026-01-02,2\n", "C", []),  # of no series alone
    ("ds,y\n2026-01-02,2\n2026-01-01,1\n", "y", [1, 2]),
    ("ds,y\n2026-01-02,2\n2026-01-01,many\n", "y", []),
]


def test_a_history_is_drawn_only_if_it_is_clear_which_numbers_it_is(open_tab):
    page = open_tab("forecasting").page
    for text, name, values in HISTORIES:
        assert page.evaluate(HISTORY, [text, name]) == values, (text, name)


TRANSFER = """([kind, where]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["12 34"], `${kind}.png`, { type: "image/png" }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(where).dispatchEvent(event);
}"""


def test_files_are_dropped_and_pasted_anywhere(open_tab, served):
    tab = open_tab("image-classification")
    tab.panel.wait_for()
    tab.page.evaluate(TRANSFER, ["dragover", "footer"])
    assert tab.page.evaluate("document.body.className") == "dropping"
    for kind in ("drop", "paste"):
        tab.page.evaluate(TRANSFER, [kind, "footer"])
        tab.panel.get_by_text(f"{kind}.png").wait_for()
        tab.done()
        assert served.requests[-1] == [(f"{kind}.png", b"12 34")]
    assert tab.page.evaluate("document.body.className") == ""


def test_the_keyboard_alone_will_do(open_tab, served):
    tab = open_tab("image-classification")
    keyboard = tab.page.keyboard
    tab.panel.wait_for()
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "image-classification"
    keyboard.press("End")
    assert tab.page.evaluate("document.activeElement.textContent") == "forecasting"
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowLeft")
    assert tab.panel.get_by_role("heading", name="translation").is_visible()
    assert tab.page.url.endswith("#translation")
    keyboard.press("Tab")
    keyboard.type("Good morning, world.")
    keyboard.press("Control+Enter")
    tab.done()
    assert tab.answer.locator(".text").inner_text() == "Guten Morgen, Welt."
    keyboard.press("Tab")
    outline = "getComputedStyle(document.querySelector('.hidden:focus-visible + .drop')).outlineStyle"
    assert tab.page.evaluate(outline) == "solid"


def test_several_files_and_the_error_of_one(open_tab, photo, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    tab = open_tab("image-classification")
    tab.give(photo, bad)
    tab.panel.get_by_text("1 of 2 predicted in").wait_for()
    assert tab.answer.locator(".card .title").all_inner_texts() == ["photo.png", "bad.png"]
    assert "this is no <b>image</b> that can be read" in tab.answer.get_by_role("alert").inner_text()


def test_errors_are_sentences(open_tab, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    tab = open_tab("image-classification")
    tab.panel.get_by_role("button", name="Predict").click()
    assert tab.answer.get_by_role("alert").inner_text() == "There is nothing to predict yet."
    tab.give(bad)
    tab.answer.get_by_text("bad.png: this is no <b>image</b>").wait_for()
    tab.page.route("**/predict", lambda route: route.fulfill(
        status=429, headers={"Retry-After": "3"}, json={"error": {"message": "the queue is full"}}
    ))  # fmt: skip
    tab.panel.get_by_role("button", name="Predict").click()
    tab.answer.get_by_text("The queue is full. Try again in 3 s.").wait_for()
    tab.page.unroute("**/predict")
    tab.page.route("**/predict", lambda route: route.abort())
    tab.panel.get_by_role("button", name="Predict").click()
    tab.answer.get_by_text("The server does not answer.").wait_for()
    tab.complaints.clear()


def test_a_server_with_a_token_is_asked_with_it(browser, open_tab):
    fake = FakeServer([described("translation")], TOKEN)
    with running(fake.application) as url:
        tab = open_tab("", url)
        tab.page.get_by_label("Token").fill("another")
        tab.page.keyboard.press("Enter")
        tab.page.get_by_label("Token").fill(TOKEN)
        tab.page.keyboard.press("Enter")
        tab.type("Good morning")
        tab.done()
        assert tab.page.get_by_role("tablist").is_hidden()  # there is one model


def test_on_a_phone_nothing_is_wider_than_the_screen(open_tab, photo, sound):
    tab = open_tab("", viewport={"width": 320, "height": 640}, color_scheme="dark")
    for task in PREDICTIONS:
        tab.page.get_by_role("tab", name=task).click()
        kind = described(task)["widgets"]["input"]["kind"]
        if kind in ("image", "audio"):
            tab.give(photo if kind == "image" else sound)
        else:
            tab.type(DAYS if kind == "table" else "a-word-without-end" * 20)
        tab.done()
        tab.panel.locator("details").evaluate_all("all => all.forEach((details) => details.open = true)")
        assert tab.page.evaluate(WIDE) == [], task
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 320
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"


CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = (color) => {
    const [red, green, blue] = color.match(/[\\d.]+/g).map(Number);
    return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")].filter((node) =>
    node.checkVisibility() && !node.closest("svg, .skip, noscript")
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
  ).map((node) => {
    const [one, other] = [light(getComputedStyle(node).color), light(behind(node))];
    return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), node.textContent.slice(0, 30)];
  }).filter(([ratio]) => ratio < 4.5);
}"""


def test_all_text_can_be_read(open_tab, photo):
    tab = open_tab("image-classification", reduced_motion="reduce")
    tab.give(photo)
    tab.done()
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme)
        assert tab.page.evaluate(CONTRAST) == [], scheme


def test_a_stranger_s_task_has_a_page_too(open_tab, tmp_path):
    models = {"weather": weather.save_exported(tmp_path / "shipped")}
    with serving(models, host=weather.host()) as server:
        tab = open_tab("", f"http://127.0.0.1:{server.port}")
        file = {"name": "a.temps", "mimeType": "text/plain", "buffer": b"21 22 23 24"}
        tab.panel.locator("input[type=file]").set_input_files(file)
        tab.done()
        shown = tab.answer.locator(".fields dl > div").all_inner_texts()
        assert [line.split() for line in shown] == [["label", "warm"], ["score", "0.92414"]]
        tab.panel.locator("input[type=file]").set_input_files({**file, "buffer": b"21 22 three 24"})
        tab.answer.get_by_text("a.temps: it holds something that is not a number").wait_for()


def test_real_models_answer_the_page(open_tab, photo):
    models = {task: KEPT / task / "export" for task in ("object-detection", "text-generation", "forecasting")}
    with serving(models, token=TOKEN) as server:
        tab = open_tab("object-detection", f"http://127.0.0.1:{server.port}")
        tab.page.get_by_label("Token").fill(TOKEN)
        tab.page.keyboard.press("Enter")
        tab.give(photo)
        tab.done()
        assert tab.answer.locator(".headline").is_visible()
        tab.page.get_by_role("tab", name="text-generation").click()
        tab.panel.get_by_text("Options").click()
        tab.panel.get_by_label("tokens", exact=True).fill("5")
        tab.panel.get_by_label("How the text begins").fill("Ann")
        tab.panel.get_by_role("button", name="Predict").click()
        tab.done()
        assert len(tab.answer.locator(".written").inner_text()) == 5
        tab.panel.get_by_label("tokens", exact=True).fill("many")
        tab.panel.get_by_role("button", name="Predict").click()
        tab.answer.get_by_text("tokens").wait_for()
        tab.page.get_by_role("tab", name="forecasting").click()
        tab.type(DAYS)
        tab.done()
        tab.answer.locator("polyline.median").wait_for()


def test_the_page_asks_nobody_else(served):
    import http.client
    from urllib.parse import urlsplit

    connection = http.client.HTTPConnection(urlsplit(served.url).netloc)
    for path in ("/", "/page/page.js", "/page/page.css", "/page/icon.svg"):
        connection.request("GET", path)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200
        assert b"https://" not in content
        assert "default-src 'none'" in response.headers["content-security-policy"]
        connection.request("GET", path, headers={"If-None-Match": response.headers["etag"]})
        again = connection.getresponse()
        assert (again.status, again.read()) == (304, b"")
    for path in ("/page/__init__.py", "/page/../__init__.py", "/page/"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == 404
    connection.close()
