import "./agent.js";
import { $, arrive, call, onward, submitted } from "./page.js";
import { filled } from "./secrets.js";
import { t } from "./text.js";

const form = $("[data-form=signin]");
const login = $("#login");
const passphrase = $("#passphrase");

submitted(form, t("signin.working"), async () => {
  if (!login) { // signed in, and asked to prove it once more
    filled(["passphrase", "field.missing.passphrase"]);
    await call("unlock", { passphrase: passphrase.value });
  } else {
    filled(["login", "field.missing.login"], ["passphrase", "field.missing.passphrase"]);
    const state = await call("login", { login: login.value.trim(), passphrase: passphrase.value });
    if (state.must_renew) {
      location.replace(onward("/recover"));
      return t("signin.working");
    }
  }
  arrive("/connections");
  return t("signin.working");
});

(login && !login.value ? login : passphrase).focus({ preventScroll: true });
