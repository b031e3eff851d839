// The agent compares the record of decisions with what this device remembers of it.
import "./agent.js";
import { $, ask, explain } from "./page.js";
import { count, t } from "./text.js";

const said = $("[data-chain]");

if (said) {
  try {
    const { receipts } = await ask("receipts.check");
    said.textContent = count("receipts.fits", receipts);
    said.dataset.chain = "whole";
  } catch (problem) {
    if (["vault-locked", "no-session"].includes(problem?.code)) locked();
    else broken(problem);
  }
}

function locked() {
  const link = document.createElement("a");
  link.href = `/unlock?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = t("receipts.open");
  said.replaceChildren(`${t("receipts.unchecked")} `, link);
  said.dataset.chain = "locked";
}

function broken(problem) {
  said.textContent = explain(problem);
  said.dataset.chain = problem?.code === "receipts-differ" ? "broken" : "unknown";
  said.className = "chain warning";
  said.setAttribute("role", "alert");
}
