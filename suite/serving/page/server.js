// What the page asks the server, and what went wrong as a sentence.

const TOKEN = "suite-token";

/** An error whose message is for people. */
export class ServerError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

let token = null;
try {
  token = sessionStorage.getItem(TOKEN);
} catch {
  // Storage may be switched off; the token then lasts as long as the page.
}

/** Use a token for all requests from now on. */
export function setToken(value) {
  token = value;
  try {
    sessionStorage.setItem(TOKEN, value);
  } catch {
    // As above.
  }
}

/** Whether requests bear a token. */
export function hasToken() {
  return Boolean(token);
}

/** The models that there are. */
export async function models() {
  const response = await ask("v1/models", {});
  return (await response.json()).models;
}

/** What a model says of itself in full. */
export async function description(name) {
  return (await ask(`v1/models/${encodeURIComponent(name)}`, {})).json();
}

/**
 * Predict some inputs: texts or files.
 *
 * `onLine({index, name, prediction} or {index, name, error}, complete)` is called for each prediction, and with
 * `stream` while it grows; `index` is that of the input. A file of many inputs has several.
 */
export async function predict(model, inputs, { options = {}, signal, stream = false, onLine }) {
  const path = `v1/models/${encodeURIComponent(model)}/predict${stream ? "?stream=true" : ""}`;
  const response = await ask(path, { method: "POST", signal, ...(await body(inputs, options)) });
  if ((response.headers.get("content-type") || "").includes("ndjson")) {
    await streamed(response, onLine);
    return;
  }
  const { predictions } = await response.json();
  const whose = (position) => (predictions.length === inputs.length ? position : inputs.length === 1 ? 0 : null);
  predictions.forEach((line, position) => onLine({ index: whose(position), ...line }, true));
}

async function body(inputs, options) {
  const given = Object.keys(options).length > 0;
  if (!given && inputs.every((input) => input instanceof Blob)) {
    const form = new FormData();
    for (const file of inputs) form.append("file", file, file.name || "input");
    return { body: form };
  }
  const values = await Promise.all(inputs.map((input) => (input instanceof Blob ? encoded(input) : input)));
  return {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given ? { inputs: values, options } : { inputs: values }),
  };
}

async function encoded(file) {
  const address = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new ServerError(`${file.name} could not be read.`));
    reader.readAsDataURL(file);
  });
  return { base64: address.slice(address.indexOf(",") + 1), name: file.name };
}

async function streamed(response, onLine) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (waiting + (value || "")).split("\n");
    waiting = done ? "" : lines.pop();
    for (const text of lines) {
      if (!text.trim()) continue;
      const line = JSON.parse(text);
      if (line.error && line.index === undefined) throw new ServerError(sentence(line) || "The server broke off.");
      onLine(line, Boolean(line.final || line.error));
    }
    if (done) return;
  }
}

async function ask(path, request) {
  const headers = { Accept: "application/json", ...request.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { ...request, headers, cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is it still running?");
  }
  if (response.ok) return response;
  throw new ServerError(await problem(response), response.status);
}

async function problem(response) {
  let said = null;
  try {
    said = await response.json();
  } catch {
    // Not from the server itself, but from something before it.
  }
  if (response.status === 422 && Array.isArray(said?.predictions)) {
    const errors = said.predictions.map(({ name, error }) => (name ? `${name}: ${error}` : error));
    return errors.filter(Boolean).join("\n");
  }
  const message = sentence(said) || `The server answers with status ${response.status}.`;
  const seconds = Number(response.headers.get("retry-after"));
  return response.status === 429 && seconds > 0 ? `${message} Try again in ${seconds} s.` : message;
}

function sentence(said) {
  const message = typeof said?.error === "string" ? said.error : said?.error?.message;
  if (!message) return "";
  const whole = message[0].toUpperCase() + message.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
