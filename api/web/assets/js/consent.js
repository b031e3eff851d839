// The screen on which the customer decides. The server rendered who asks for what; the values come
// from the vault, here and nowhere else.

import "./agent.js";
import { $, $$, act, call, clear, explain, first, flow, ready, say, show, wrong } from "./page.js";
import { claim, claimInText, language, list, t } from "./text.js";
import { impossible, place, typed, written } from "./values.js";

const form = $("[data-form=consent]");
const { digest, vendor, until } = form.dataset;
const rows = $$("[data-claim]", form);
const as = $("#persona");
const passing = $("#ephemeral");
const each = $("#each-time");
const box = (row) => $("input[name=claim]", row);
const acts = (row) => $$("[data-act]", row);
const uses = (row) => $$("input[name=purpose]", row); // of a claim that is asked for several
const longest = 32 * 1024; // bytes of a notice
let pending; // what the agent knows of the request: its values stand on the page

// A request that was answered in this tab is not answered twice: the back button leads here.
const answered = `meins.answered.${await fingerprint(flow)}`;
if (sessionStorage.getItem(answered)) {
  form.hidden = true;
  $("[data-step=done]").hidden = false;
} else {
  await first("ask", { flow }).then(look, (problem) => show([{ text: explain(problem), code: problem?.code }]));
  $("[name=decision][value=approve]").addEventListener("click", () => act(form, t("consent.approving"), approve));
  $("[name=decision][value=deny]").addEventListener("click", () => act(form, t("consent.approving"), deny));
  $("[name=always]", form)?.addEventListener("click", always);
  as.addEventListener("change", () => {
    if (form.dataset.busy) as.value = pending.persona;
    act(form, t("consent.persona.switching"), appear);
  });
  form.addEventListener("change", chosen);
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in a field decides nothing
  settle();
  tell();
}
ready();

async function fingerprint(text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(sum, 0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

// look shows the values that would be released, when what is asked is what the page says.
function look(now) {
  if (now.step !== "review" || now.digest !== digest) return stale(now.step === "review");
  pending = now;
  introduce();
  settleTerms();
  for (const row of rows) {
    display(row, pending.values[row.dataset.claim]);
    rule(row);
  }
  tell();
}

function display(row, value) {
  const said = $("[data-value]", row);
  const text = written(row.dataset.kind, value);
  row.dataset.empty = String(text === "");
  said.textContent = text || t("consent.missing");
  said.classList.toggle("none", text === "");
  const typing = $(".typing", row);
  if (typing) typing.hidden = text !== "";
}

// settleTerms says what comes of the terms that this persona proffers.
function settleTerms() {
  const { proffered, agreed } = pending.terms;
  const label = (name) => $(`[data-term="${CSS.escape(name)}"]`, form)?.textContent ?? name;
  let text = t("terms.none");
  if (agreed) text = t("terms.agreed", { terms: label(agreed) });
  else if (proffered.length) text = t("terms.declined.by", { vendor, terms: list(proffered.map((name) => t("terms.quoted", { terms: label(name) }))) });
  $("[data-terms]", form).textContent = text;
  for (const part of $$("[data-agreed]", form)) part.hidden = part.dataset.agreed !== agreed;
}

// introduce says who the customer is here, where there is a choice.
function introduce() {
  const all = pending.personas ?? [];
  $("[data-personas]").hidden = all.length < 2;
  if (all.length < 2) return;
  as.replaceChildren(...all.map(({ id }) => new Option(nameOf(id), id)));
  as.value = pending.persona;
  $("[data-known]").textContent = pending.before ? t("consent.persona.known", { vendor, before: nameOf(pending.before), name: nameOf(pending.persona) }) : "";
}

function nameOf(persona) {
  return called((pending.personas ?? []).find(({ id }) => id === persona)?.name ?? "");
}

// called is the name of a persona; the one that every vault begins with has it from the program.
function called(name) {
  return name === "private" ? t("persona.private") : name;
}

// appear shows the values of another persona. What was ticked stays ticked.
async function appear() {
  clear();
  try {
    await look(await call("ask", { flow, persona: as.value }));
  } catch (problem) {
    as.value = pending?.persona ?? "";
    throw problem;
  }
}

// rule marks what the persona has decided once for all. What it never shares cannot be ticked; what it
// always shares is ticked by the customer all the same, all of it at once if they like.
function rule(row) {
  const name = row.dataset.claim;
  const never = pending.rules.never?.includes(name) ?? false;
  const ours = pending.rules.always?.includes(name) ?? false;
  $("[data-rule]", row)?.remove();
  if (never || ours) $(".name", row).append(mark(never));
  if (row.classList.contains("is-open")) return; // it is required: approving says what is in the way
  box(row).disabled = never;
  if (never) untick(row);
}

function mark(never) {
  const said = document.createElement("span");
  said.className = never ? "mark-new" : "mark-kept";
  said.dataset.rule = never ? "never" : "always";
  said.dataset.own = "";
  said.textContent = t(never ? "consent.never" : "consent.always");
  return said;
}

// What is always shared, and not ticked yet.
function lefts() {
  return rows.filter((row) => $("[data-rule=always]", row) && !box(row).checked);
}

function always() {
  for (const row of lefts()) {
    box(row).checked = true;
    for (const use of uses(row)) use.checked = true;
  }
  tell();
}

function untick(row) {
  for (const input of $$("input[type=checkbox]", row)) input.checked = false;
}

// chosen keeps together what belongs together: who says what for says yes, what is unticked is for
// nothing, and a visit that leaves nothing behind leaves nothing to be asked about.
function chosen({ target }) {
  const row = target.closest("[data-claim]");
  if (target.name === "purpose" && target.checked) box(row).checked = true;
  if (target.name === "claim" && !target.checked) untick(row);
  if (target.name === "purpose" && !target.checked) for (const own of acts(row)) if (own.dataset.for === target.id) $("input", own).checked = false;
  if (target === passing && passing.checked) each.checked = false;
  if (target === each && each.checked) passing.checked = false;
  tell();
}

// settle puts what is seldom asked and not in the vault behind one line, so that the rest is seen.
function settle() {
  const behind = $("[data-rest]", form);
  if (!behind) return;
  const rest = rows.filter((row) => "minor" in row.dataset && row.dataset.empty === "true" && !box(row).checked);
  if (rest.length < 2) return;
  $("ul", behind).append(...rest);
  behind.hidden = false;
  for (const group of $$("details.claim-group:not([data-rest])", form)) group.hidden = !$(".claim", group);
}

// tell says in one sentence what approving would do, and what it would give away.
function tell() {
  const claims = rows.filter((row) => box(row).checked).map((row) => claimInText(row.dataset.claim));
  const key = (passing.checked ? "consent.outcome.visit" : "consent.outcome") + (claims.length ? "" : ".nothing");
  $("[data-outcome]").textContent = t(key, { vendor, claims: list(claims), date: until });
  for (const part of $$("[data-visit]", form)) part.hidden = (part.dataset.visit === "passing") !== passing.checked;
  const way = $("[data-always]", form);
  if (way) way.hidden = lefts().length === 0;
  warn();
}

// warn says which of what is ticked would link two personas.
function warn() {
  const ticked = rows.filter((row) => box(row).checked).map((row) => row.dataset.claim);
  const leaks = (pending?.leaks ?? []).filter((leak) => ticked.includes(leak.claim));
  const leaking = $("[data-notice=leaks]");
  $("ul", leaking).replaceChildren(...leaks.map((leak) => {
    const li = document.createElement("li");
    const key = leak.vendors.length ? "consent.leak.known" : "consent.leak.unknown";
    li.textContent = t(key, { claim: claim(leak.claim), name: called(leak.name), vendors: list(leak.vendors) });
    return li;
  }));
  const known = leaks.some((leak) => leak.vendors.length);
  $("h2", leaking).textContent = t(known ? "consent.leaks" : "consent.leaks.possible");
  leaking.className = known ? "warning" : "note";
  leaking.hidden = leaks.length === 0;
}

// Fields of rows that are shown. What is typed is the customer's own, whether it is ticked or not.
const fields = () => $$("[data-attribute]", form).filter((field) => !field.closest(".typing").hidden);

async function approve() {
  if (!pending) {
    // Nothing is approved that could not be looked at: not when the vault could not be read before.
    await look(await call("ask", { flow }));
    return t("consent.stale.title");
  }
  check();
  await keep();
  const ticked = rows.filter((row) => box(row).checked);
  const decision = {
    flow, digest, locale: language, persona: pending.persona, claims: ticked.map((row) => row.dataset.claim), purposes: {},
    notice: notice(), ephemeral: passing.checked, each_time: each.checked,
  };
  for (const row of ticked) {
    if (uses(row).length) decision.purposes[row.dataset.claim] = uses(row).filter((use) => use.checked).map((use) => use.value);
  }
  try {
    const { redirect } = await call("approve", decision);
    return depart(redirect);
  } catch (problem) {
    if (problem?.code === "review-stale") return stale(true);
    if (problem?.code === "nothing-to-review") return stale(false); // answered in another tab
    throw problem;
  }
}

async function deny() {
  try {
    const { redirect } = await call("deny", { flow, digest, locale: language });
    return depart(redirect);
  } catch (problem) {
    if (problem?.code === "review-stale") return stale(true);
    throw problem;
  }
}

// notice is the text of the screen as it stands, for the receipt: what is the customer's own (values,
// personas, rules) is not in it, and ticks are written as such.
function notice(node = form) {
  if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/\s+/g, " ");
  if (node.nodeType !== Node.ELEMENT_NODE || "own" in node.dataset || !node.checkVisibility()) return "";
  if (node.type === "checkbox") return node.checked ? "[x] " : "[ ] ";
  const inside = [...node.childNodes].map(notice).join("");
  if (node !== form) return getComputedStyle(node).display.startsWith("inline") ? `${inside} ` : `\n${inside}\n`;
  const text = inside.split("\n").map((line) => line.replace(/ +/g, " ").trim()).filter(Boolean).join("\n").replace(/^(\[.\])\n/gm, "$1 ");
  return new Blob([text]).size > longest ? undefined : text; // too long to keep: the receipt has the request in words
}

// check finds what is missing before anything is sent.
function check() {
  clear();
  const problems = [...impossible(fields()), ...rows.filter((row) => box(row).checked).flatMap(lacks)];
  const unverified = $("#unverified");
  if (unverified && !unverified.checked) problems.push({ field: "unverified", text: t("consent.unverified.missing") });
  if (problems.length) throw wrong(...problems);
}

// lacks is what stands in the way of releasing what a row is about.
function lacks(row) {
  const name = row.dataset.claim;
  const problems = [];
  const required = row.classList.contains("is-open");
  const words = { claim: claimInText(name), vendor, persona: nameOf(pending.persona) };
  if (required && pending.rules.never?.includes(name)) return [{ text: t("consent.never.required", words) }];
  if (uses(row).length && !uses(row).some((use) => use.checked)) {
    problems.push({ field: uses(row)[0].id, text: t("consent.purpose.missing", words) });
  }
  for (const own of acts(row)) {
    const input = $("input", own);
    if (!document.getElementById(own.dataset.for).checked || input.checked) continue;
    problems.push({ field: input.id, text: t(required ? "consent.act.missing.required" : "consent.act.missing", { claim: claim(name) }) });
  }
  const field = row.dataset.empty === "true" && $(".typing [data-attribute]", row);
  if (field && typed(field) === null) {
    problems.push({ field: $("input", field).id, text: t(required ? "consent.type.required" : "consent.type", words) });
  }
  return problems;
}

// keep saves what was typed in the vault, and shows it as what it is now: a value to be released.
async function keep() {
  const values = {};
  const used = fields().filter((field) => {
    const value = typed(field);
    if (value !== null) values[field.dataset.attribute] = value;
    return value !== null;
  });
  if (used.length === 0) return;
  say(form, t("consent.saving"));
  try {
    await call("set", { values, persona: pending.persona });
  } catch (problem) {
    throw place(problem, used);
  }
  await look(await call("ask", { flow, persona: pending.persona }));
}

// depart leaves for the vendor, and says so first.
function depart(redirect) {
  sessionStorage.setItem(answered, "1");
  location.replace(redirect);
  return t("consent.leaving", { vendor });
}

// stale shows anew what is asked; changed says that it is not what was shown.
function stale(changed) {
  const query = new URLSearchParams({ flow });
  if (changed) query.set("again", "1");
  location.replace(`/continue?${query}`);
  return new Promise(() => {}); // the page is being left
}
