import "./reminder.js";
import { $, act, call, submitted } from "./page.js";
import { beside, filled, measure, reveal, strong, typed } from "./secrets.js";
import { t } from "./text.js";

const wrongPassphrase = { "wrong-login": "problem.wrong-secret", "wrong-secret": "problem.wrong-secret" };

measure("new_passphrase");

submitted($("[data-form=passphrase]"), t("account.passphrase.changing"), async () => {
  filled(["current", "field.missing.passphrase"], ["new_passphrase", "field.missing.new"]);
  const next = await strong("new_passphrase");
  await beside("current", wrongPassphrase, () => call("passphrase.change", { current: $("#current").value, new: next }));
  $("[data-form=passphrase]").reset();
  return t("account.passphrase.changed");
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
