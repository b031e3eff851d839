import "./agent.js";
import { $, $$, act, ask, call, clear, first, ready, submitted, wrong } from "./page.js";
import { claim, claimInText, language, list, t } from "./text.js";
import { equal, fill, impossible, place, typed } from "./values.js";

const form = $("[data-form=vault]");
let before = {};
const fields = () => $$("[data-attribute]", form);
const changed = () => fields().filter((field) => !equal(typed(field, before[field.dataset.attribute]), before[field.dataset.attribute]));

let read = false;
let persona = ""; // whose values are shown; the base until another is chosen
let personas = [];
let inherited = []; // that are the base's
const chooser = $("#persona");
const room = $("[data-personas]");

await act(form, "", async () => {
  await load(await first("get"));
  await offer();
  await keepers();
});
form.hidden = !read; // what could not be read is not there to be written over
form.addEventListener("input", tell);
form.addEventListener("focusin", ({ target }) => { if (!target.closest(".save-bar")) $("[data-choices]", form).open = false; }); // it would stand over the fields
submitted(form, t("vault.saving"), save);
addEventListener("beforeunload", (event) => {
  if (changed().length && !form.dataset.busy) event.preventDefault(); // what was typed is not lost by mistake
});
ready();

function load({ attributes, persona: whose, inherited: taken }) {
  read = true;
  persona = whose;
  inherited = taken ?? [];
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
  for (const attribute of $$(".attribute", form)) {
    const lines = $$("[data-readers]", attribute);
    const fit = lines.find((line) => line.dataset.persona === persona && (!line.dataset.when || line.dataset.when === state));
    for (const line of lines) line.hidden = line !== (fit ?? lines.at(-1)); // the last says that nobody does
    const field = $("[data-attribute]", attribute) ?? attribute;
    takeover(attribute, field.dataset.attribute);
  }
}

// takeover says which values are the first persona's, and offers to take them over.
function takeover(attribute, name) {
  $(".taken", attribute)?.remove();
  const base = personas.find((one) => one.base);
  if (!base || persona === base.id || !base.own.includes(name)) return;
  const line = document.createElement("p");
  line.className = "taken soft small";
  if (inherited.includes(name)) line.textContent = t("vault.taken", { persona: base.name });
  else {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button link", name: "inherit", value: name, textContent: t("vault.take", { persona: base.name }) });
    button.setAttribute("aria-label", `${button.textContent}: ${claim(name)}`);
    button.addEventListener("click", () => act(form, t("vault.saving"), async () => {
      await call("set", { persona, inherit: [name] });
      load(await call("get", { persona }));
      return t("vault.saved");
    }));
    line.append(button);
  }
  attribute.append(line);
}

// offer offers the customer's personas, once there is more than one.
async function offer() {
  ({ personas } = await ask("personas"));
  chooser.replaceChildren(...personas.map((one) => new Option(one.name, one.id, false, one.id === persona)));
  $("[data-choose]", room).hidden = personas.length < 2;
  $("[name=persona-remove]", room).hidden = personas.find((one) => one.id === persona)?.base ?? true;
  room.hidden = false;
  readers();
}

// turn shows another persona. What was typed and not saved would be lost, so it is asked first.
async function turn(to) {
  load(await call("get", { persona: to }));
  await offer();
  settle();
}

chooser.addEventListener("change", () => {
  if (changed().length) {
    chooser.value = persona;
    $("[data-working]", room).textContent = t("vault.persona.unsaved");
    return;
  }
  act(room, "", () => turn(chooser.value));
});

const naming = () => {
  const name = $("#persona_name").value.trim();
  if (!name) throw wrong({ field: "persona_name", text: t("vault.persona.missing") });
  return name;
};

function manage(button, run) {
  $(`[name=${button}]`, room).addEventListener("click", () => act(room, t("vault.saving"), async () => {
    if (changed().length) return t("vault.persona.unsaved");
    const to = await run();
    $("#persona_name").value = "";
    await turn(to ?? persona);
    return t("vault.saved");
  }));
}

manage("persona-add", async () => (await call("personas.add", { name: naming() })).id);
manage("persona-rename", async () => { await call("personas.rename", { persona, name: naming() }); });
manage("persona-remove", async () => {
  await call("personas.remove", { persona });
  return personas.find((one) => one.base).id;
});

const told = (field) => JSON.parse($("[data-readers]:not([hidden])", field.closest(".attribute") ?? field)?.dataset.readers ?? "[]");

// tell says who would see what, before it is saved: at once from what the page knows, and a moment
// later from what the agent works out, with the choice to leave somebody out.
function tell(event) {
  if (event?.target.name === "tell") return; // that is no value
  readers();
  const now = changed();
  const vendors = sorted(now.flatMap(told));
  const seen = now.filter((field) => told(field).length).map((field) => field.dataset.attribute);
  announce(now, vendors, seen, []);
  $("[data-working]", form).textContent = "";
  clearTimeout(waiting);
  waiting = setTimeout(weigh, 250);
}

const sorted = (vendors) => [...new Set(vendors)].sort((a, b) => a.localeCompare(b, language));

function announce(now, vendors, claims, left) {
  let text = "";
  if (now.length) text = vendors.length ? t("vault.told", { vendors: list(vendors), claims: list(claims.map(claimInText)) }) : t("vault.told.none");
  if (left.length) text = `${vendors.length ? text : ""} ${t("vault.told.left", { vendors: list(left) })}`.trim();
  $("[data-told]", form).textContent = text;
}

const valuesOf = (containers) => Object.fromEntries(containers.map((field) => [field.dataset.attribute, typed(field, before[field.dataset.attribute])]));

const choices = $("[data-choices]", form);
const left = new Set(); // grants that are to keep what they have
let waiting = 0;
let affected = [];

// weigh asks the agent whom the change would reach. What is being typed may not be a value yet: then
// the page's own sentence stands.
async function weigh() {
  const now = changed();
  const values = valuesOf(now);
  const found = now.length && !impossible(now).length ? await ask("affected", { persona, values }).catch(() => null) : { affected: [] };
  if (!found || !equal(values, valuesOf(changed()))) return; // a newer state is being weighed
  affected = found.affected.filter((one) => one.claims.length).sort((a, b) => a.vendor.localeCompare(b.vendor, language));
  offerChoices();
  if (now.length && !impossible(now).length) chosen();
}

// offerChoices lists who would see the change; who was left out already stays so until included.
function offerChoices() {
  const open = document.activeElement?.name === "tell" && document.activeElement.value;
  $("[data-vendors]", choices).replaceChildren(...affected.map(({ grant, vendor, claims }) => {
    const label = document.createElement("label");
    label.className = "check";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "tell", value: grant, checked: !left.has(grant) });
    const words = document.createElement("span");
    const what = document.createElement("span");
    what.className = "hint";
    what.textContent = list(claims.map(claim));
    words.append(vendor, what);
    label.append(box, words);
    box.addEventListener("change", () => {
      if (box.checked) left.delete(grant);
      else left.add(grant);
      chosen();
    });
    return label;
  }));
  if (open) $(`[name=tell][value="${open}"]`, choices)?.focus();
  choices.hidden = affected.length === 0;
}

function chosen() {
  const sees = affected.filter((one) => !left.has(one.grant));
  const keeps = affected.filter((one) => left.has(one.grant));
  const names = (all) => sorted(all.map((one) => one.vendor));
  announce(changed(), names(sees), [...new Set(sees.flatMap((one) => one.claims))], names(keeps));
}

// keepers says which vendors read an earlier value because they were left out, and lets them follow again.
async function keepers() {
  const found = await ask("affected", {}).catch(() => ({ affected: [] }));
  const all = found.affected.filter((one) => one.left_out?.length);
  const part = $("[data-kept]");
  part.hidden = all.length === 0;
  $("ul", part).replaceChildren(...all.map(({ grant, vendor, left_out: claims, persona: whose }) => {
    const item = document.createElement("li");
    item.dataset.keeps = grant;
    const words = document.createElement("p");
    words.textContent = t("vault.kept.what", { vendor, claims: list(claims.map(claimInText)) });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet", name: "include", value: grant, textContent: t("vault.include") });
    button.setAttribute("aria-label", t("vault.include.label", { vendor }));
    button.addEventListener("click", () => act(part, t("vault.saving"), async () => {
      await call("set", { persona: whose, include: [grant] });
      await keepers();
      $("[data-working]", form).textContent = t("vault.included", { vendor });
      return t("vault.included", { vendor });
    }));
    item.append(words, button);
    return item;
  }));
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

// settle takes the choice away once it is made.
function settle() {
  clearTimeout(waiting);
  left.clear();
  affected = [];
  choices.open = false;
  offerChoices();
  $("[data-told]", form).textContent = "";
}

async function save() {
  clear();
  const now = changed();
  if (now.length === 0) return t("vault.unchanged");
  const problems = impossible(now);
  if (problems.length) throw wrong(...problems);
  const values = valuesOf(now);
  let saved;
  try {
    saved = await call("set", { persona, values, leave_out: [...left] });
  } catch (problem) {
    throw place(problem, now);
  }
  const kept = await call("get", { persona });
  inherited = kept.inherited ?? [];
  take(kept.attributes, values);
  readers();
  settle();
  if (saved.left_out?.length) await keepers();
  let text = saved.updated.length ? t("vault.saved.told", { vendors: list(sorted(saved.updated)) }) : t("vault.saved");
  if (saved.left_out?.length) text += ` ${t("vault.saved.left", { vendors: list(sorted(saved.left_out)) })}`;
  return saved.missed?.length ? `${text} ${t("vault.saved.missed", { vendors: list(saved.missed) })}` : text;
}
