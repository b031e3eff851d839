// Values of the vault: how they are shown, and how they are typed.

import { $, $$, explain } from "./page.js";
import { day, has, language, t } from "./text.js";

// The order in which an address is written, a line each.
const lines = [["street_address"], ["postal_code", "locality"], ["region"], ["country"]];

// written is a value as people read it.
export function written(kind, value) {
  if (value === undefined || value === null || value === "") return "";
  if (kind === "bool" || typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (kind === "date") return writtenDay(value);
  if (kind === "address" || kind === "place") return writtenAddress(value);
  if (Array.isArray(value)) return joined(kind === "choices" ? value.map(chosen) : value);
  if (kind === "locale") return named("language", value);
  if (kind === "number") return typeof value === "number" && value > 100000 ? day(new Date(value * 1000)) : String(value);
  return String(value);
}

function writtenDay(value) {
  const date = new Date(`${value}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? String(value) : day(date);
}

function named(type, value) {
  try {
    return new Intl.DisplayNames([language], { type }).of(value) ?? value;
  } catch {
    return value;
  }
}

function writtenAddress(value) {
  const parts = lines.map((line) => line.map((part) => value[part]).filter(Boolean).join(" ")).filter(Boolean);
  return parts.length ? parts.join("\n") : value.formatted ?? "";
}

// A field of one line cannot hold the lines of a street.
const oneLine = (text) => String(text ?? "").replace(/\s*[\r\n]+\s*/g, ", ");

// What can be chosen among has a word in each language; it is typed by that, or by its name.
const chosen = (name) => (has(`choice.${name}`) ? t(`choice.${name}`) : name);
const nameOf = (word, names) => names.find((name) => chosen(name).toLowerCase() === word.toLowerCase()) ?? word;

// A list is typed with commas.
const joined = (items) => items.join(", ");
const split = (text) => text.split(",").map((item) => item.trim()).filter(Boolean);

const inParts = (container) => ["address", "place"].includes(container.dataset.kind);

// fill puts a value into its fields.
export function fill(container, value) {
  if (!inParts(container)) {
    $("input", container).value = Array.isArray(value) ? written(container.dataset.kind, value) : value ?? "";
    return;
  }
  for (const input of $$("input", container)) input.value = oneLine(value?.[part(input)]);
}

const part = (input) => input.name.split(".").pop();

// typed is what the fields hold: a text, an address, or null for nothing. before is the value that
// was filled in; what a field cannot show of it stays.
export function typed(container, before) {
  const text = $("input", container).value.trim();
  if (container.dataset.kind === "choices") return text ? split(text).map((word) => nameOf(word, container.dataset.options.split(" "))) : null;
  if (container.dataset.kind === "list") return typedList(text, before);
  if (!inParts(container)) return text || null;
  const address = {};
  let same = true;
  for (const input of $$("input", container)) {
    const now = input.value.trim();
    const was = before?.[part(input)];
    const kept = now === oneLine(was).trim();
    same &&= kept;
    if (now) address[part(input)] = kept ? was : now;
  }
  if (same && before?.formatted) address.formatted = before.formatted; // of another address it would be wrong
  return Object.keys(address).length ? address : null;
}

function typedList(text, before) {
  if (before && text === joined(before)) return before; // a comma inside of it is not one of ours
  return text ? split(text) : null;
}

export const equal = (a, b) => canonical(a) === canonical(b);

const canonical = (value) =>
  value && typeof value === "object" ? JSON.stringify(Object.entries(value).sort()) : JSON.stringify(value ?? null);

// kinds are the fields that a refusal of a value can be about.
const kinds = {
  "attribute-email": ["email"], "attribute-phone": ["phone"], "attribute-url": ["url"], "attribute-date": ["date"],
  "attribute-date-future": ["date"], "attribute-locale": ["locale"], "attribute-zone": ["zone"], "attribute-address-member": ["address"],
  "attribute-place-member": ["place"], "attribute-country": ["list", "place"], "attribute-iban": ["iban"], "attribute-vat": ["vat"],
  "attribute-hours": ["list"], "attribute-choice": ["choices"], "attribute-too-many": ["list", "choices"],
};

// place finds the fields that a refusal is about, among those that were changed.
export function place(problem, containers) {
  if (!problem?.code?.startsWith("attribute-")) return problem;
  const fitting = containers.filter((c) => !kinds[problem.code] || kinds[problem.code].includes(c.dataset.kind));
  if (fitting.length !== 1) return problem;
  return { fields: [{ field: $("input", fitting[0]).id, text: explain(problem) }] };
}

// impossible are the fields that the browser itself can see to be wrong.
export function impossible(containers) {
  const codes = { email: "attribute-email", url: "attribute-url", date: "attribute-date" };
  return containers.flatMap((c) => $$("input", c)).filter((input) => !input.validity.valid && codes[input.type])
    .map((input) => ({
      field: input.id,
      text: t(input.validity.rangeOverflow ? "problem.attribute-date-future" : `problem.${codes[input.type]}`),
    }));
}
