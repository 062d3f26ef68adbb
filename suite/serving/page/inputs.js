// How inputs are given: one maker for each kind of input widget.
//
// A maker takes the widget, the model and `changed(complete)`, which it calls when there is something else to
// predict; `complete` says that nothing more is to come, so it can be predicted at once. It returns `element`,
// `inputs()` (texts and files), `take(files)` for what is dropped or pasted, and `stop()` for when it is left.

import { button, clock, element, newId } from "./dom.js";
import { record, whyNot } from "./recording.js";

const MAX_FILES = 16;
const MAX_SHOWN = 200_000; // bytes of a file whose text is shown

const NAMES = {
  image: ["an image", "images"],
  audio: ["a recording", "recordings"],
  text: ["a text", "texts"],
  table: ["a table", "tables"],
  file: ["a file", "files"],
};

/** The input of a model. */
export function makeInput(widget, model, changed) {
  const make = { image: files, file: files, audio, text: typed, table: typed }[widget.kind] || files;
  return make(widget, model, changed);
}

function heading(widget) {
  const [name] = NAMES[widget.kind] || NAMES.file;
  return widget.label || name[0].toUpperCase() + name.slice(1);
}

function accepted(widget, model) {
  const media = { image: "image/*", audio: "audio/*" }[widget.kind];
  const endings = [...(model.inputs?.files || []), ...(model.inputs?.streams || [])];
  return endings.length || media ? [media, ...endings].filter(Boolean).join(",") : null;
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A place to drop files on, which also lets choose them. */
function dropPlace(widget, model, take) {
  const [name, several] = NAMES[widget.kind] || NAMES.file;
  const id = newId("file");
  const chooser = element("input", {
    type: "file",
    id,
    class: "hidden",
    multiple: true,
    accept: accepted(widget, model),
    "aria-describedby": `${id}-kinds`,
    onchange: () => {
      take([...chooser.files]);
      chooser.value = ""; // the same file may be chosen again
    },
  });
  const endings = [...(model.inputs?.files || []), ...(model.inputs?.streams || [])];
  const kinds = endings.map((ending) => ending.slice(1)).slice(0, 8).join(", ");
  const place = element(
    "label",
    { class: "drop", for: id },
    element("strong", {}, `Choose ${name}`),
    element("span", { class: "only-wide" }, ` or drop ${several} here`),
    element("span", { class: "kinds quiet", id: `${id}-kinds` }, endings.length > 8 ? `${kinds}, …` : kinds),
  );
  return element("div", { class: "chooser" }, chooser, place);
}

/** Files, which are predicted as soon as they are there. */
function files(widget, model, changed) {
  let chosen = [];
  const list = element("ul", { class: "chosen" });
  const take = (more) => {
    if (!more.length) return;
    chosen = more.slice(0, MAX_FILES);
    const rest = more.length - chosen.length;
    list.replaceChildren(...chosen.map((file) => element("li", {}, file.name, " ", quiet(size(file.size)))));
    if (rest > 0) list.append(element("li", {}, quiet(`${rest} more are left out: this page takes ${MAX_FILES} at a time`)));
    changed(true);
  };
  const place = dropPlace(widget, model, take);
  return { element: titled(widget, place, list), inputs: () => chosen, take, stop: () => {} };
}

function quiet(text) {
  return element("span", { class: "quiet" }, text);
}

function titled(widget, ...children) {
  return element("div", { class: "input" }, element("h2", {}, heading(widget)), ...children);
}

/** A recording: a file, or from the microphone. */
function audio(widget, model, changed) {
  const given = files(widget, model, changed);
  let recorder = null;
  let busy = false;
  const level = element("div", { class: "level", "aria-hidden": "true" }, element("div"));
  const time = element("span", { class: "quiet" });
  const note = element("p", { class: "quiet", role: "status" });
  const toggle = button("Record", () => (recorder ? finish() : begin()), { class: "record", "aria-pressed": "false" });
  const why = whyNot();
  if (why) {
    toggle.disabled = true;
    note.textContent = why;
  }
  const show = (recording) => {
    toggle.textContent = recording ? "Stop recording" : "Record";
    toggle.setAttribute("aria-pressed", String(recording));
    level.parentElement.classList.toggle("recording", recording);
    if (!recording) time.textContent = "";
  };
  const begin = async () => {
    if (busy) return;
    busy = true;
    note.textContent = "";
    try {
      recorder = await record(widget.rate || 16000, (loudness, seconds) => {
        level.firstElementChild.style.transform = `scaleX(${loudness})`;
        time.textContent = clock(seconds);
      });
      show(true);
    } catch (error) {
      note.textContent = error.message;
    }
    busy = false;
  };
  const finish = async () => {
    if (busy) return;
    busy = true;
    const ended = recorder;
    recorder = null;
    show(false);
    const file = await ended.stop();
    busy = false;
    given.take([file]);
  };
  given.element.append(element("div", { class: "microphone" }, toggle, level, time), note);
  given.stop = () => {
    if (recorder) recorder.stop();
    recorder = null;
    show(false);
  };
  return given;
}

/** A text or a table that is typed or pasted, or a file of it. */
function typed(widget, model, changed) {
  const table = widget.kind === "table";
  const id = newId("text");
  let file = null; // that stands for the field's text
  let name = "";
  const chip = element("p", { class: "chip", hidden: true });
  const field = element("textarea", {
    id,
    rows: table ? 10 : 6,
    class: table ? "table" : null,
    dir: "auto",
    spellcheck: table ? "false" : null,
    placeholder: widget.placeholder || null,
    "aria-keyshortcuts": "Control+Enter",
    oninput: () => changed(false),
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        field.form?.requestSubmit();
      }
    },
  });
  const forget = () => {
    file = null;
    chip.hidden = true;
    field.hidden = false;
    changed(false);
    field.focus();
  };
  const take = async ([first]) => {
    if (!first) return;
    if (table && first.size <= MAX_SHOWN && /\.(csv|tsv|txt)$/i.test(first.name)) {
      file = null;
      chip.hidden = true;
      field.hidden = false;
      name = first.name;
      field.value = await first.text();
    } else {
      file = first;
      field.hidden = true;
      chip.hidden = false;
      chip.replaceChildren(first.name, " ", quiet(size(first.size)), " ", button("Type instead", forget, { class: "plain" }));
    }
    changed(false);
  };
  const asText = Boolean(model.inputs?.text) && !table;
  const suffix = table ? widget.suffix : [...(model.inputs?.files || []), ".txt"][0];
  const inputs = () => {
    if (file) return [file];
    const text = field.value;
    if (!text.trim()) return [];
    if (asText) return [text];
    const made = new File([text], name || `pasted${suffix}`, { type: table ? "text/csv" : "text/plain" });
    made.typed = !name;
    return [made];
  };
  const reads = [...(model.inputs?.files || []), ...(model.inputs?.streams || [])];
  const children = [element("h2", {}, element("label", { for: id }, heading(widget))), field, chip];
  if (reads.length || table) children.push(dropPlace({ ...widget, kind: "file" }, model, take));
  return { element: element("div", { class: "input" }, ...children), inputs, take, stop: () => {} };
}
