import "./agent.js";
import { $, $$, act, api, ask, call, explain, ready, show } from "./page.js";
import { t } from "./text.js";
import { written } from "./values.js";

const main = $("#main");
const grant = $("[data-grant]").dataset.grant;
const change = $("[data-part=change]");
const again = () => location.replace(location.pathname);

// on runs one act of the customer, and shows the page as it is then.
function on(selector, within, text, run) {
  for (const button of $$(selector)) {
    button.addEventListener("click", () => act(within, text, async () => {
      await run(button);
      again();
      return text;
    }));
  }
}

on("button[name=withdraw]", $("[data-part=withdraw]"), t("connections.withdrawing"), async () => {
  await api("POST", `/grants/${grant}/withdraw`);
  if ($("#erasure")?.checked) await api("POST", `/grants/${grant}/erasure`);
});
on("button[name=pause]", change, t("connection.pausing"), () => api("POST", `/grants/${grant}/pause`));
on("button[name=resume]", main, t("connection.resuming"), () => api("POST", `/grants/${grant}/resume`));
on("button[name=renew]", change, t("connection.renewing"), (button) => api("POST", `/grants/${grant}/renew`, { ends: button.value }));
on("button[name=narrow]", main, t("connection.narrowing"), (button) => call("narrow", { grant, claims: [button.value] }));
on("button[name=narrow-purpose]", main, t("connection.narrowing"), (button) => call("narrow", { grant, purposes: [button.value] }));
on("button[name=ask-deletion]", $("[data-part=deletion]"), t("erasure.asking"), () => api("POST", `/grants/${grant}/erasure`));
on("button[name=erasure-answer]", $("[data-part=deletion]"), t("erasure.noting"), (button) =>
  api("PUT", `/grants/${grant}/erasure`, { outcome: button.value }));

// A box that could not be saved shows again what is.
$("#each-time")?.addEventListener("change", ({ target }) => act(change, t("connection.each-time.saving"), async () => {
  try {
    await api("PUT", `/grants/${grant}/each-time`, { each_time: target.checked });
  } catch (problem) {
    target.checked = !target.checked;
    throw problem;
  }
  return target.checked ? t("connection.each-time.on") : t("connection.each-time.off");
}));

// What the vendor reads is what the vault says; a locked vault says nothing, and the rest of the
// page is of use all the same.
const rows = $$("[data-claim]").filter((row) => $("[data-value]", row));
if (rows.length) await fill().catch(empty);
ready();

async function fill() {
  const names = rows.map((row) => row.dataset.claim);
  const { attributes, left_out: left } = await ask("get", { grant, persona: $("[data-persona]")?.dataset.persona, names });
  for (const row of rows) {
    const text = written(row.dataset.kind, attributes[row.dataset.claim]);
    put(row, text || t("consent.missing"), text === "");
    if (left?.includes(row.dataset.claim)) kept(row);
  }
}

// kept says that the vendor was left out of a change: what stands here is what it reads.
function kept(row) {
  const said = document.createElement("p");
  said.className = "purpose";
  said.dataset.kept = "";
  const link = Object.assign(document.createElement("a"), { href: "/vault", textContent: t("connection.kept.way") });
  said.append(`${t("connection.kept")} `, link);
  $("[data-value]", row).after(said);
}

function put(row, text, none) {
  const value = $("[data-value]", row);
  value.textContent = text;
  value.classList.toggle("none", none);
}

function empty(problem) {
  const locked = ["vault-locked", "no-session"].includes(problem?.code);
  // A visit that was not to be remembered had a persona that nobody kept.
  if (!locked && problem?.code !== "persona-unknown") show([{ text: explain(problem), code: problem?.code }]);
  for (const row of rows) {
    put(row, "", true);
    if (!locked) continue;
    const link = document.createElement("a");
    link.href = `/unlock?next=${encodeURIComponent(location.pathname)}`;
    link.textContent = t("connection.locked");
    $("[data-value]", row).append(link);
  }
}
