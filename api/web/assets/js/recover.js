import { agent } from "./agent.js";
import { $, arrive, call, onward, step, submitted } from "./page.js";
import { beside, filled, measure, reveal, strong, typed } from "./secrets.js";
import { t } from "./text.js";

const login = $("#login");
const recovery = $("[data-form=recovery]");

measure("passphrase", () => [login.value]);

submitted($("[data-form=code]"), t("signin.working"), async () => {
  filled(["login", "field.missing.login"], ["old_code", "field.missing.recovery_code"]);
  const old = $("#old_code");
  await beside("old_code", { "recovery-code-malformed": "problem.recovery-code-malformed", "wrong-login": "recover.wrong", "wrong-secret": "recover.wrong" },
    () => call("recover", { login: login.value.trim(), recovery_code: old.value }));
  old.value = "";
  step("renew");
});

// Prepared here and stored with the confirmation: nobody is left with a code that was never shown.
submitted($("[data-form=renew]"), t("signup.working.prepare"), async () => {
  const passphrase = await strong("passphrase", [login.value]);
  try {
    const prepared = await agent.call("renew", { passphrase });
    reveal(recovery, prepared.recovery_code, login.value.trim());
    step("recovery");
  } catch (problem) {
    // The vault did not stay open on this device: the code opens it again.
    if (problem?.code === "vault-locked" || problem?.code === "no-session") step("code");
    throw problem;
  }
});

submitted(recovery, t("account.passphrase.changing"), async () => {
  const code = typed();
  await beside("recovery_code", { "recovery-code-differs": "problem.recovery-code-differs", "recovery-code-malformed": "problem.recovery-code-malformed" },
    () => call("renew.confirm", { recovery_code: code }));
  arrive("/vault");
  return t("account.passphrase.changing");
});

// Whoever comes back in the middle is known to the server, and the vault may be open still.
if (!$("[data-step=renew]").hidden) {
  const state = await agent.call("state");
  if (!state.signed_in) location.replace(onward("/recover"));
  else if (!state.must_renew) arrive("/vault");
}
