// Passphrases that are measured while they are typed, and the recovery code that is shown once.

import { agent } from "./agent.js";
import { $, $$, call, say, wrong } from "./page.js";
import { t } from "./text.js";

const good = 3;

// measure shows how hard a new passphrase is to guess; inputs gives what it must not be made of.
export function measure(id, inputs = () => []) {
  const input = document.getElementById(id);
  const meter = $(`[data-strength="${id}"]`);
  const said = $(`[data-said="${id}"]`);
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const passphrase = input.value;
      const { score } = passphrase ? await agent.call("strength", { passphrase, inputs: inputs() }) : { score: 0 };
      if (passphrase !== input.value) return; // a newer one is being measured
      meter.value = score;
      said.textContent = passphrase ? t(`strength.${score}`) : "";
    }, 120);
  });
}

// strong refuses a passphrase that is guessed too easily, before anything is made with it.
export async function strong(id, inputs = []) {
  const passphrase = document.getElementById(id).value;
  if (!passphrase) throw wrong({ field: id, text: t("field.missing.new") });
  const { score } = await call("strength", { passphrase, inputs });
  if (score < good) throw wrong({ field: id, text: t("field.weak") });
  return passphrase;
}

// filled refuses fields that were left empty.
export function filled(...fields) {
  const missing = fields
    .filter(([id]) => !document.getElementById(id).value.trim())
    .map(([id, key]) => ({ field: id, text: t(key) }));
  if (missing.length) throw wrong(...missing);
}

// reveal shows the recovery code, with the ways to keep it.
export function reveal(form, code, login) {
  const output = $("[data-recovery]", form);
  output.replaceChildren(...code.split(/(?<=-)/).map((group) => {
    const span = document.createElement("span"); // lines break between groups only
    span.textContent = group;
    return span;
  }));
  const kept = [t(login ? "recovery.file" : "recovery.file.unnamed", { login }), location.origin, t("recovery.file.keep")];
  $("[data-paper]", form).textContent = kept.join("\n");
  $("[data-copy]", form).onclick = async () => {
    const copied = await navigator.clipboard.writeText(code).then(() => true, () => false);
    say(form, ""); // the line below says it, not the one of the form
    $("[data-copied]", form).textContent = t(copied ? "recovery.copied" : "recovery.copy.failed");
  };
  $("[data-print]", form).onclick = () => print();
  $("[data-download]", form).onclick = () => download(code, ...kept);
}

// forget takes the code off the page when it has been kept.
export function forget(form) {
  for (const part of $$("[data-recovery], [data-paper]", form)) part.replaceChildren();
}

// download makes a small text file of the code. It goes nowhere but to the customer's disk.
function download(code, name, origin, keep) {
  const text = `${name}\n${origin}\n\n${code}\n\n${keep}\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "meins-recovery-code.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// typed is the recovery code as the customer typed it back.
export function typed(id = "recovery_code") {
  filled([id, "field.missing.recovery_code"]);
  return document.getElementById(id).value;
}

// beside shows a refusal at the field that it is about.
export async function beside(id, codes, run) {
  try {
    return await run();
  } catch (problem) {
    if (!codes[problem?.code]) throw problem;
    throw wrong({ field: id, text: t(codes[problem.code]) });
  }
}
