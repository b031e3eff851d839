import "./agent.js";
import { $, arrive, call, step, submitted } from "./page.js";
import { beside, filled, measure, reveal, strong, typed } from "./secrets.js";
import { t } from "./text.js";

const account = $("[data-form=account]");
const recovery = $("[data-form=recovery]");
const login = $("#login");

measure("passphrase", () => [login.value]);

submitted(account, t("signup.working.prepare"), async () => {
  filled(["login", "field.missing.login"], ["passphrase", "field.missing.new"]);
  const passphrase = await strong("passphrase", [login.value]);
  const prepared = await beside("login", { "login-invalid": "problem.login-invalid" },
    () => beside("passphrase", { "passphrase-weak": "field.weak", "passphrase-invalid": "problem.passphrase-invalid" },
      () => call("signup.prepare", { login: login.value.trim(), passphrase })));
  reveal(recovery, prepared.recovery_code, login.value.trim());
  step("recovery");
});

submitted(recovery, t("signup.working.create"), async () => {
  const code = typed();
  try {
    await beside("recovery_code", { "recovery-code-differs": "problem.recovery-code-differs", "recovery-code-malformed": "problem.recovery-code-malformed" },
      () => call("signup.confirm", { recovery_code: code }));
  } catch (problem) {
    if (!["login-taken", "nothing-prepared"].includes(problem?.code)) throw problem;
    step("account"); // what is typed there is still there
    throw problem.code === "login-taken" ? { fields: [{ field: "login", text: t("problem.login-taken") }] } : problem;
  }
  arrive("/vault?welcome");
  return t("signup.working.create");
});

$("[data-back=account]").addEventListener("click", () => step("account"));
