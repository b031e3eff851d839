import { $, act, api, submitted } from "./page.js";
import { t } from "./text.js";

// seen ends the reminder until the next one is due.
const reminder = $("[data-reminder]");
if (reminder) {
  $("[name=seen]", reminder).addEventListener("click", () => act(reminder, t("reminder.working"), async () => {
    await api("POST", "/reminder/seen", { next: reminder.dataset.next });
    reminder.hidden = true;
    $("[data-said]").textContent = t("reminder.done");
  }));
}

const form = $("[data-form=reminder]");
if (form) {
  submitted(form, t("reminder.working"), async () => {
    await api("PUT", "/reminder", { pace: $("[name=pace]:checked", form).value });
    return t("reminder.kept");
  });
}
