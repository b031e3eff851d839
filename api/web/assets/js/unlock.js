import "./agent.js";
import { $, arrive, call, submitted } from "./page.js";
import { beside, filled } from "./secrets.js";
import { t } from "./text.js";

const passphrase = $("#passphrase");

submitted($("[data-form=unlock]"), t("signin.working"), async () => {
  filled(["passphrase", "field.missing.passphrase"]);
  await beside("passphrase", { "wrong-login": "problem.wrong-secret", "wrong-secret": "problem.wrong-secret" },
    () => call("unlock", { passphrase: passphrase.value }));
  arrive("/vault");
  return t("signin.working");
});

passphrase.focus({ preventScroll: true });
