import "./agent.js";
import { $, $$, act, ask, call, first, ready, submitted } from "./page.js";
import { t } from "./text.js";

const form = $("[data-form=terms]");
const chooser = $("#persona");
const boxes = $$("[name=terms]", form);
let personas = [];

const chosen = () => personas.find(({ id }) => id === chooser.value) ?? personas.find(({ base }) => base);

chooser.addEventListener("change", show);
submitted(form, t("vault.saving"), () => save(boxes.filter((box) => box.checked).map((box) => box.value)));
$("[name=reset]", form).addEventListener("click", () => act(form, t("vault.saving"), () => save(null)));
await act(form, "", async () => {
  ({ personas } = await first("personas"));
  chooser.replaceChildren(...personas.map(({ id, name }) => new Option(name === "private" ? t("persona.private") : name, id)));
  $("[data-choose]").hidden = personas.length < 2;
  show();
});
ready();

// show ticks what the persona proffers, and says whether it chose that itself.
function show() {
  const one = chosen();
  for (const box of boxes) box.checked = one.terms.includes(box.value);
  $("[data-follows]").textContent = one.terms_chosen ? "" : t(one.base ? "terms.follows.none" : "terms.follows.base");
  $("[name=reset]", form).hidden = !one.terms_chosen;
}

async function save(terms) {
  const persona = chosen().id;
  await call("terms", { persona, terms });
  ({ personas } = await ask("personas"));
  chooser.value = persona;
  show();
  return t("vault.saved");
}
