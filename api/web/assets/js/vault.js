import "./agent.js";
import { $, $$, act, call, clear, first, ready, submitted, wrong } from "./page.js";
import { claim, claimInText, list, t } from "./text.js";
import { equal, fill, impossible, place, typed } from "./values.js";

const form = $("[data-form=vault]");
let before = {};
const fields = () => $$("[data-attribute]", form);
const changed = () => fields().filter((field) => !equal(typed(field, before[field.dataset.attribute]), before[field.dataset.attribute]));

let read = false;
await act(form, "", async () => load(await first("get")));
form.hidden = !read; // what could not be read is not there to be written over
form.addEventListener("input", tell);
submitted(form, t("vault.saving"), save);
addEventListener("beforeunload", (event) => {
  if (changed().length && !form.dataset.busy) event.preventDefault(); // what was typed is not lost by mistake
});
ready();

function load({ attributes }) {
  read = true;
  before = attributes;
  for (const [name, value] of Object.entries(attributes)) {
    if (!$(`[data-attribute="${CSS.escape(name)}"]`, form)) own(name, value);
  }
  for (const field of fields()) fill(field, before[field.dataset.attribute]);
  for (const fold of $$("[data-fold]", form)) fold.open = fields().some((f) => fold.contains(f) && before[f.dataset.attribute] !== undefined);
  readers();
}

// own makes a field for a name that no page knows: the customer's own.
function own(name, value) {
  if (typeof value !== "string") return;
  const field = document.createElement("div");
  field.className = "field";
  field.dataset.attribute = name;
  field.dataset.kind = "string";
  const label = document.createElement("label");
  label.htmlFor = `attribute-${name}`;
  label.textContent = claim(name);
  const input = document.createElement("input");
  Object.assign(input, { id: label.htmlFor, name: `attribute:${name}`, autocomplete: "off", maxLength: 1000 });
  field.append(label, input);
  const section = $("[data-own]", form);
  section.append(field);
  section.hidden = false;
}

// Who reads a part of the name depends on whether a full name is set.
function readers() {
  const state = $("[name='attribute:name']", form).value.trim() ? "set" : "unset";
  for (const line of $$("[data-when]", form)) line.hidden = line.dataset.when !== state;
}

const told = (field) => JSON.parse($("[data-readers]:not([hidden])", field.closest(".attribute") ?? field)?.dataset.readers ?? "[]");

// tell says who would see what, before it is saved.
function tell() {
  readers();
  const now = changed();
  const vendors = [...new Set(now.flatMap(told))];
  const seen = now.filter((field) => told(field).length).map((field) => claimInText(field.dataset.attribute));
  let text = "";
  if (now.length) text = vendors.length ? t("vault.told", { vendors: list(vendors), claims: list(seen) }) : t("vault.told.none");
  $("[data-told]", form).textContent = text;
  $("[data-working]", form).textContent = "";
}

// take shows what is saved now, also where another tab saved it; what was typed since stays.
function take(attributes, sent) {
  const old = before;
  before = attributes;
  for (const field of fields()) {
    const name = field.dataset.attribute;
    if (equal(typed(field, old[name]), name in sent ? sent[name] : old[name])) fill(field, before[name]);
  }
}

async function save() {
  clear();
  const now = changed();
  if (now.length === 0) return t("vault.unchanged");
  const problems = impossible(now);
  if (problems.length) throw wrong(...problems);
  const values = Object.fromEntries(now.map((field) => [field.dataset.attribute, typed(field, before[field.dataset.attribute])]));
  let saved;
  try {
    saved = await call("set", { values });
  } catch (problem) {
    throw place(problem, now);
  }
  take((await call("get")).attributes, values);
  $("[data-told]", form).textContent = "";
  const text = saved.updated.length ? t("vault.saved.told", { vendors: list(saved.updated) }) : t("vault.saved");
  return saved.missed?.length ? `${text} ${t("vault.saved.missed", { vendors: list(saved.missed) })}` : text;
}
