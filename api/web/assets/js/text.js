// The words of the page's language, and how it writes dates and lists.

const html = document.documentElement;

// The file is named by its content and checked against it, so a kept copy is always right.
const answer = await fetch(html.dataset.texts, { integrity: html.dataset.textsIntegrity, mode: "cors", credentials: "same-origin" });
const texts = await answer.json();

export const language = html.lang;

// English is written as in Europe: the server's pages say "22 November 2027".
const region = language === "en" ? "en-GB" : language;

export const has = (key) => key in texts;

// t is the text under key, with each {name} replaced.
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// count is the text for a number of things.
export const count = (key, n) => t(n === 1 ? `${key}.one` : `${key}.other`, { n });

// list joins words inside a sentence.
export function list(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${t("list.and")} ${words.at(-1)}`;
}

// claim is what a claim is called, on its own or inside a sentence.
export const claim = (name) => (has(`claim.${name}.label`) ? t(`claim.${name}.label`) : name.replaceAll("_", " "));
export const claimInText = (name) => (has(`claim.${name}.in`) ? t(`claim.${name}.in`) : claim(name));

export const day = (date) => new Intl.DateTimeFormat(region, { dateStyle: "long", timeZone: "UTC" }).format(date);
export const moment = (date) => new Intl.DateTimeFormat(region, { dateStyle: "long", timeStyle: "short" }).format(date);
