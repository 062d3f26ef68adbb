// Times of the steps of a series, by the names that pandas has for frequencies.

const FIXED = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, D: 86_400_000, W: 604_800_000 };
const MONTHS = { MS: 1, ME: 1, M: 1, QS: 3, QE: 3, Q: 3, YS: 12, YE: 12, Y: 12, A: 12, AS: 12 };
const OLD = { H: "h", T: "min", S: "s", L: "ms" };

/**
 * The names of `count` steps from `start` on.
 *
 * `start` is a time in ISO 8601 or a number. If the frequency is none that is known here, the steps are
 * numbered from 1, as "+1".
 */
export function stepNames(start, frequency, count) {
  const steps = Array.from({ length: count }, (_, step) => step);
  const numbered = steps.map((step) => `+${step + 1}`);
  const match = /^(\d*)([A-Za-z]*)/.exec(frequency);
  const every = Number(match[1] || 1);
  const unit = OLD[match[2]] || match[2];
  if (!unit) {
    const first = Number(start);
    return start !== undefined && start !== "" && Number.isFinite(first) ? steps.map((step) => String(first + step * every)) : numbered;
  }
  const first = instant(start);
  if (first === null) return numbered;
  if (FIXED[unit]) return steps.map((step) => timeName(first + step * every * FIXED[unit]));
  if (MONTHS[unit]) return steps.map((step) => timeName(months(first, step * every * MONTHS[unit], /^.E$/.test(unit))));
  if (unit === "B") return businessDays(first, count, every).map(timeName);
  return numbered;
}

/** A time in ISO 8601 as milliseconds, as if it were in UTC: no hour is left out or there twice. */
export function instant(text) {
  const match = /^(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?)?/.exec(String(text ?? "").trim());
  if (!match) return null;
  const [, year, month, day = 1, hour = 0, minute = 0, second = 0, thousandths = 0] = match;
  return Date.UTC(+year, +month - 1, +day, +hour, +minute, +second, +thousandths);
}

/** A time without what is zero. */
export function timeName(milliseconds) {
  const text = new Date(milliseconds).toISOString();
  const [day, rest] = [text.slice(0, 10), text.slice(11, 23)];
  if (rest === "00:00:00.000") return day;
  if (rest.endsWith(":00.000")) return `${day} ${rest.slice(0, 5)}`;
  return `${day} ${rest.endsWith(".000") ? rest.slice(0, 8) : rest}`;
}

function months(from, count, atEnd) {
  const date = new Date(from);
  const month = date.getUTCMonth() + count;
  const length = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = atEnd ? length : Math.min(date.getUTCDate(), length);
  return Date.UTC(date.getUTCFullYear(), month, day) + (from - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
}

function businessDays(from, count, every) {
  const days = [];
  for (let day = from, number = 0; days.length < count; day += FIXED.D) {
    if ([0, 6].includes(new Date(day).getUTCDay())) continue;
    if (number % every === 0) days.push(day);
    number += 1;
  }
  return days;
}
