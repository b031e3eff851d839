import "./reminder.js";
import { $, $$, act, api, call, submitted, wrong } from "./page.js";
import { beside, filled, forget, measure, reveal, strong, typed } from "./secrets.js";
import { t } from "./text.js";

const wrongPassphrase = { "wrong-login": "problem.wrong-secret", "wrong-secret": "problem.wrong-secret" };

measure("new_passphrase");

submitted($("[data-form=passphrase]"), t("account.passphrase.changing"), async () => {
  filled(["current", "field.missing.passphrase"], ["new_passphrase", "field.missing.new"]);
  const next = await strong("new_passphrase");
  const keeps = $("#keep_tokens")?.checked ?? false;
  await beside("current", wrongPassphrase, () => call("passphrase.change", { current: $("#current").value, new: next, keep_tokens: keeps }));
  $("[data-form=passphrase]").reset();
  if (!keeps) ended($$("[data-token]"));
  return t(keeps ? "token.changed.kept" : "account.passphrase.changed");
});

const prepare = $("[data-form=recovery-prepare]");
const confirm = $("[data-form=recovery-confirm]");

submitted(prepare, t("signup.working.prepare"), async () => {
  filled(["recovery_passphrase", "field.missing.passphrase"]);
  const prepared = await beside("recovery_passphrase", wrongPassphrase,
    () => call("recovery.replace.prepare", { passphrase: $("#recovery_passphrase").value }));
  prepare.reset();
  prepare.hidden = true;
  confirm.hidden = false;
  reveal(confirm, prepared.recovery_code, "");
});

submitted(confirm, t("signup.working.prepare"), async () => {
  const code = typed();
  await beside("recovery_code", { "recovery-code-differs": "problem.recovery-code-differs", "recovery-code-malformed": "problem.recovery-code-malformed" },
    () => call("recovery.replace.confirm", { recovery_code: code }));
  confirm.reset();
  forget(confirm);
  confirm.hidden = true;
  prepare.hidden = false;
  $("[data-working]", prepare).textContent = t("account.recovery.done");
});

submitted($("[data-form=delete]"), t("account.deleting"), async () => {
  filled(["delete_passphrase", "field.missing.passphrase"]);
  if (!$("#sure").checked) throw { fields: [{ field: "sure", text: t("account.delete.unsure") }] };
  await beside("delete_passphrase", wrongPassphrase, () => call("account.delete", { passphrase: $("#delete_passphrase").value }));
  location.replace("/signed-out");
  return t("account.deleting");
});

const everywhere = $("button[name=signout-everywhere]");
everywhere.addEventListener("click", () => act(everywhere.closest("section"), t("account.signing-out"), async () => {
  await call("logout.everywhere");
  location.replace("/signed-out");
  return t("account.signing-out");
}));

// ended shows that programs have no access any more.
function ended(rows) {
  for (const row of rows) {
    $(".actions", row)?.remove();
    const state = document.createElement("span");
    state.className = "state";
    state.textContent = t("token.over");
    $("[data-term]", row).replaceChildren(state);
  }
}

for (const row of $$("[data-token]")) {
  $("button[name=token-end]", row).addEventListener("click", () => act(row, t("token.ending"), async () => {
    await api("DELETE", `/tokens/${row.dataset.token}`);
    ended([row]);
    return t("token.ended", { name: row.dataset.name });
  }));
}

const making = $("[data-form=token]");
const made = $("[data-made]");

// The token is shown this once, and is nowhere afterwards.
submitted(making, t("token.making"), async () => {
  const name = $("#token_name").value.trim();
  const scopes = $$("[name=token_scope]:checked", making).map((box) => box.value);
  const problems = [];
  if (!name) problems.push({ field: "token_name", text: t("token.name.missing") });
  if (!scopes.length) problems.push({ field: "token-scope-0", text: t("token.may.missing") });
  if (!$("#token_passphrase").value) problems.push({ field: "token_passphrase", text: t("field.missing.passphrase") });
  if (problems.length) throw wrong(...problems);
  const expires = new Date(Date.now() + $("#token_days").value * 86400000).toISOString();
  const { secret } = await beside("token_passphrase", wrongPassphrase,
    () => call("token.make", { passphrase: $("#token_passphrase").value, name, scopes, expires }));
  making.reset();
  making.hidden = true;
  $("[data-secret]", made).textContent = secret;
  made.hidden = false;
  made.focus();
});

$("[data-copy-token]", made).addEventListener("click", async () => {
  const copied = await navigator.clipboard.writeText($("[data-secret]", made).textContent).then(() => true, () => false);
  $("[data-copied-token]", made).textContent = t(copied ? "recovery.copied" : "token.copy.failed");
});

$("button[name=token-done]", made).addEventListener("click", () => {
  $("[data-secret]", made).textContent = "";
  location.replace(location.pathname);
});
