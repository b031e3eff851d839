// The screen on which the customer decides. The server rendered who asks for what; the values come
// from the vault, here and nowhere else.

import "./agent.js";
import { $, $$, act, call, clear, explain, first, flow, ready, show, wrong } from "./page.js";
import { claimInText, language, list, t } from "./text.js";
import { impossible, place, typed, written } from "./values.js";

const form = $("[data-form=consent]");
const { digest, vendor, until } = form.dataset;
const rows = $$("[data-claim]", form);
let seen = false; // the values stand on the page
const box = (row) => $("input[name=claim]", row);
const uses = (row) => $$("input[name=purpose]", row); // of a claim that is asked for several

// A request that was answered in this tab is not answered twice: the back button leads here.
const answered = `meins.answered.${await fingerprint(flow)}`;
if (sessionStorage.getItem(answered)) {
  form.hidden = true;
  $("[data-step=done]").hidden = false;
} else {
  await first("ask", { flow }).then(look, (problem) => show([{ text: explain(problem), code: problem?.code }]));
  $("[name=decision][value=approve]").addEventListener("click", () => act(form, t("consent.approving"), approve));
  $("[name=decision][value=deny]").addEventListener("click", () => act(form, t("consent.approving"), deny));
  form.addEventListener("change", (event) => {
    // Who says what for says yes; a claim that is unticked is for nothing.
    const row = event.target.closest("[data-claim]");
    if (event.target.name === "purpose" && event.target.checked) box(row).checked = true;
    if (event.target.name === "claim" && !event.target.checked) for (const use of uses(row)) use.checked = false;
    tell();
  });
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
function look(pending) {
  if (pending.step !== "review" || pending.digest !== digest) return stale(pending.step === "review");
  for (const row of rows) display(row, pending.values[row.dataset.claim]);
  seen = true;
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

// tell says in one sentence what approving would do.
function tell() {
  const claims = rows.filter((row) => box(row).checked).map((row) => claimInText(row.dataset.claim));
  const key = claims.length ? "consent.outcome" : "consent.outcome.nothing";
  $("[data-outcome]").textContent = t(key, { vendor, claims: list(claims), date: until });
}

// Fields of rows that are shown. What is typed is the customer's own, whether it is ticked or not.
const fields = () => $$("[data-attribute]", form).filter((field) => !field.closest(".typing").hidden);

async function approve() {
  if (!seen) {
    // Nothing is approved that could not be looked at: not when the vault could not be read before.
    await look(await call("ask", { flow }));
    return t("consent.stale.title");
  }
  check();
  await keep();
  const chosen = rows.filter((row) => box(row).checked);
  const claims = chosen.map((row) => row.dataset.claim);
  const purposes = {};
  for (const row of chosen) {
    if (uses(row).length) purposes[row.dataset.claim] = uses(row).filter((use) => use.checked).map((use) => use.value);
  }
  try {
    const { redirect } = await call("approve", { flow, digest, claims, purposes, locale: language });
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

// check finds what is missing before anything is sent.
function check() {
  clear();
  const problems = impossible(fields());
  for (const row of rows) {
    if (!box(row).checked || !uses(row).length || uses(row).some((use) => use.checked)) continue;
    problems.push({ field: uses(row)[0].id, text: t("consent.purpose.missing", { claim: claimInText(row.dataset.claim), vendor }) });
  }
  for (const row of rows) {
    if (!box(row).checked || row.dataset.empty !== "true") continue;
    const field = $(".typing [data-attribute]", row);
    if (!field || typed(field) !== null) continue;
    const key = box(row).disabled ? "consent.type.required" : "consent.type";
    problems.push({ field: $("input", field).id, text: t(key, { claim: claimInText(row.dataset.claim), vendor }) });
  }
  const unverified = $("#unverified");
  if (unverified && !unverified.checked) problems.push({ field: "unverified", text: t("consent.unverified.missing") });
  if (problems.length) throw wrong(...problems);
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
  $("[data-working]", form).textContent = t("consent.saving");
  try {
    await call("set", { values });
  } catch (problem) {
    throw place(problem, used);
  }
  await look(await call("ask", { flow }));
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
