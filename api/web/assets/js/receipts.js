// The agent compares the record of decisions with what this device remembers of it.
import "./agent.js";
import { $, ask, explain } from "./page.js";
import { count, moment, t } from "./text.js";

const said = $("[data-chain]");

if (said) {
  try {
    const { receipts } = await ask("receipts.check");
    said.textContent = count("receipts.fits", receipts);
    said.dataset.chain = "whole";
  } catch (problem) {
    if (["vault-locked", "no-session"].includes(problem?.code)) locked();
    else await broken(problem);
  }
}

function locked() {
  const link = document.createElement("a");
  link.href = `/unlock?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = t("receipts.open");
  said.replaceChildren(`${t("receipts.unchecked")} `, link);
  said.dataset.chain = "locked";
}

async function broken(problem) {
  const different = ["receipts-differ", "receipts-shorter", "receipts-unsigned"].includes(problem?.code);
  said.className = "chain warning";
  said.setAttribute("role", "alert");
  said.replaceChildren(explain(problem));
  if (different) await prove();
  said.dataset.chain = different ? "broken" : "unknown";
}

// prove gives what the server signed when this device last found everything in order: whoever is to help
// can check it without believing anybody.
async function prove() {
  const { receipts, time, signed } = await ask("receipts.seen").catch(() => ({}));
  if (!signed) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([signed], { type: "application/jwt" }));
  link.download = "head.jwt";
  link.textContent = t("receipts.proof");
  said.append(` ${count("receipts.seen", receipts).replace("{date}", moment(new Date(time)))} `, link);
}
