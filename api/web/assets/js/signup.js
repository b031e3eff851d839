import "./agent.js";
import { $, arrive, call, step, submitted, wrong } from "./page.js";
import { beside, filled, measure, reveal, strong, typed } from "./secrets.js";
import { t } from "./text.js";

const account = $("[data-form=account]");
const recovery = $("[data-form=recovery]");
const login = $("#login");

measure("passphrase", () => [login.value]);

submitted(account, t("signup.working.prepare"), async () => {
  filled(["login", "field.missing.login"], ["passphrase", "field.missing.new"]);
  if ([...login.value.trim()].length < 3) throw wrong({ field: "login", text: t("problem.login-invalid") }); // before a code is shown that would be for nothing
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
    const ofLogin = ["login-taken", "login-invalid"].includes(problem?.code);
    if (!ofLogin && problem?.code !== "nothing-prepared") throw problem;
    step("account"); // what is typed there is still there
    throw ofLogin ? wrong({ field: "login", text: t(`problem.${problem.code}`) }) : problem;
  }
  arrive("/vault?welcome");
  return t("signup.working.create");
});

$("[data-back=account]").addEventListener("click", () => step("account"));
