import { $, $$, act, call } from "./page.js";
import { t } from "./text.js";

const main = $("#main");

for (const button of $$("button[name=restore]")) {
  button.addEventListener("click", () => act(main, t("history.restoring"), async () => {
    await call("restore", { revision: Number(button.value) });
    location.reload();
    return t("history.restored", { n: button.value });
  }));
}
