import "./reminder.js";
import { $, $$, act, api } from "./page.js";
import { language, t } from "./text.js";

const rows = $$("[data-connection]");

// withdraw ends a connection with one click: the consequences stand above the list. What the vendor has
// is another question, which is put afterwards.
for (const row of rows) {
  $("button[name=withdraw]", row)?.addEventListener("click", () => act(row, t("connections.withdrawing"), async () => {
    await api("POST", `/grants/${row.dataset.grant}/withdraw`);
    row.dataset.state = "withdrawn";
    $(".actions", row).replaceWith(deletion(row.dataset.grant));
    $("[data-term]", row).replaceChildren(chip(t("state.withdrawn")));
    const held = $("[data-held]", row);
    held.textContent = held.dataset.held;
    $(".holds .seal", row).replaceWith($(".wordmark .seal").cloneNode(true));
    return t("connections.withdrawn", { vendor: row.dataset.name });
  }));
}

// deny refuses what waits for an answer, without opening it: what is asked stands above the button.
for (const row of rows) {
  $("button[name=deny]", row)?.addEventListener("click", () => act(row, t("connections.denying"), async () => {
    await api("POST", `/requests/${row.dataset.request}/deny`, { digest: row.dataset.digest, locale: language });
    row.dataset.state = "refused";
    $(".actions", row).remove();
    $(".title", row).textContent = row.dataset.name; // its link leads nowhere any more
    $("[data-term]", row).replaceChildren(chip(t("state.refused")));
    return t("connections.denied", { vendor: row.dataset.name });
  }));
}

function chip(text) {
  const span = document.createElement("span");
  span.className = "state";
  span.textContent = text;
  return span;
}

function deletion(grant) {
  const way = document.createElement("p");
  way.className = "way";
  const link = document.createElement("a");
  link.href = `/connections/${grant}#deletion`;
  link.textContent = t("erasure.link");
  way.append(link);
  return way;
}

const tools = $("form.tools");
const find = $("#find");
const sort = $("#sort");

// What sorts by a number puts the greatest first, but for ends: what ends soonest is first.
const orders = {
  given: (a, b) => b.dataset.given - a.dataset.given,
  read: (a, b) => b.dataset.read - a.dataset.read,
  ends: (a, b) => a.dataset.ends - b.dataset.ends,
  name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, language),
};

function arrange() {
  const words = find.value.toLocaleLowerCase(language).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.dataset.words.toLocaleLowerCase(language);
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown++;
  }
  for (const list of $$("[data-list] .rows")) {
    const own = [...list.children].sort(orders[sort.value]);
    if (own.some((row, i) => list.children[i] !== row)) list.append(...own);
  }
  for (const section of $$("[data-list]")) section.hidden = words.length > 0 && !$("[data-connection]:not([hidden])", section);
  $("[data-none]").hidden = shown > 0;
}

// The form is for browsers that run no script: here its fields do it at once.
tools?.addEventListener("submit", (event) => {
  event.preventDefault();
  arrange();
});
find?.addEventListener("input", arrange);
sort?.addEventListener("change", arrange);
if (find?.value) arrange();
