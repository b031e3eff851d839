import "./agent.js";
import { $, $$, act, api, ask, explain, ready, show } from "./page.js";
import { t } from "./text.js";
import { written } from "./values.js";

const main = $("#main");
const grant = $("[data-grant]").dataset.grant;

$("button[name=withdraw]")?.addEventListener("click", () => act(main, t("connections.withdrawing"), async () => {
  await api("POST", `/grants/${grant}/withdraw`);
  location.replace(location.pathname);
  return t("connections.withdrawing");
}));

// What the vendor reads is what the vault says; a locked vault says nothing, and the rest of the
// page is of use all the same.
const rows = $$("[data-claim]").filter((row) => $("[data-value]", row));
if (rows.length) await fill().catch(empty);
ready();

async function fill() {
  const { attributes } = await ask("get", { names: rows.map((row) => row.dataset.claim) });
  for (const row of rows) {
    const text = written(row.dataset.kind, attributes[row.dataset.claim]);
    put(row, text || t("consent.missing"), text === "");
  }
}

function put(row, text, none) {
  const value = $("[data-value]", row);
  value.textContent = text;
  value.classList.toggle("none", none);
}

function empty(problem) {
  const locked = ["vault-locked", "no-session"].includes(problem?.code);
  if (!locked) show([{ text: explain(problem), code: problem?.code }]);
  for (const row of rows) {
    put(row, "", true);
    if (!locked) continue;
    const link = document.createElement("a");
    link.href = `/unlock?next=${encodeURIComponent(location.pathname)}`;
    link.textContent = t("connection.locked");
    $("[data-value]", row).append(link);
  }
}
