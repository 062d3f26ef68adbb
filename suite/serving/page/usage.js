// How a program asks for the same: lines to copy.

import { element, folded } from "./dom.js";
import { hasToken } from "./server.js";

/** Lines for a shell and for Python. */
export function usage(model) {
  const server = new URL(".", location.href).href.replace(/\/$/, "");
  const path = `${server}/v1/models/${encodeURIComponent(model.name)}/predict`;
  const [first] = [...(model.inputs?.files || []), ...(model.inputs?.streams || [])];
  const file = `input${first || ""}`;
  const bearer = hasToken() ? ' -H "Authorization: Bearer $SUITE_TOKEN"' : "";
  const token = hasToken() ? ', token=os.environ["SUITE_TOKEN"]' : "";
  const [shell, python] = model.inputs?.text
    ? [`curl${bearer} ${path} --json '{"inputs": ["some text"]}'`, '"some text"']
    : [`curl${bearer} ${path} -F file=@${file}`, `"${file}"`];
  const lines = `import ${token ? "os\nimport " : ""}suite\n\nserver = suite.connect("${server}"${token})\nserver.predict(${python}, model="${model.name}")`;
  return element(
    "div",
    { class: "usage" },
    folded("From a program", element("h3", {}, "Shell"), element("pre", {}, shell), element("h3", {}, "Python"), element("pre", {}, lines)),
  );
}
