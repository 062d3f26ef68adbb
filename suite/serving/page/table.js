// The history of a series in the table that was given, for the chart: only if it is clear which one it is.

import { instant } from "./times.js";

/**
 * The values of a series: `[{name, value}]`, the oldest first.
 *
 * Empty if the text does not say clearly which of its numbers they are: a chart must not show others.
 */
export function historyOf(text, series) {
  const rows = rowsOf(text);
  if (rows.length < 3) return [];
  const columns = rows[0].map((_, index) => index);
  const header = rows[0].some((cell) => cell !== "" && !isNumber(cell) && instant(cell) === null) ? rows[0] : null;
  const body = header ? rows.slice(1) : rows;
  const times = columns.find((index) => body.every((row) => instant(row[index]) !== null));
  const numeric = columns.filter((index) => index !== times && body.every((row) => row[index] === "" || isNumber(row[index])));
  const last = series.split("/").pop();
  const ids = columns.filter((index) => index !== times && body.some((row) => series && (row[index] === series || row[index] === series.slice(0, -last.length - 1))));
  const candidates = numeric.filter((index) => !ids.includes(index));
  const named = header ? candidates.filter((index) => header[index] === last) : [];
  const values = named.length === 1 ? named : candidates;
  if (values.length !== 1 || ids.length > 1) return [];
  const own = ids.length ? body.filter((row) => row[ids[0]] === series || series.startsWith(`${row[ids[0]]}/`)) : body;
  if (times !== undefined) own.sort((a, b) => instant(a[times]) - instant(b[times]));
  if (times !== undefined && own.some((row, index) => index && row[times] === own[index - 1][times])) return [];
  return own.map((row, index) => ({ name: times === undefined ? String(index) : row[times], value: row[values[0]] === "" ? NaN : Number(row[values[0]]) }));
}

function isNumber(cell) {
  return cell !== "" && Number.isFinite(Number(cell));
}

function rowsOf(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim());
  if (!lines.length) return [];
  const counts = [",", ";", "\t"].map((delimiter) => lines[0].split(delimiter).length);
  const delimiter = [",", ";", "\t"][counts.indexOf(Math.max(...counts))];
  const rows = lines.map((line) => cells(line, delimiter));
  return rows.every((row) => row.length === rows[0].length) ? rows : [];
}

function cells(line, delimiter) {
  const found = [];
  let cell = "";
  let quoted = false;
  for (const letter of line) {
    if (letter === '"') quoted = !quoted;
    else if (letter === delimiter && !quoted) {
      found.push(cell.trim());
      cell = "";
    } else cell += letter;
  }
  return [...found, cell.trim()];
}
