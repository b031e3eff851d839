// What every page does: colours, moments, forms that lose nothing, and calls that survive a session
// that ended.

import { count, has, moment, t } from "./text.js";

const body = document.body;

// Pages that need the agent start it with their own script; on the others it starts when it must.
const agent = { call: async (method, params) => (await import("./agent.js")).agent.call(method, params) };

export const flow = body.dataset.flow ?? "";
export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// ready tells programs that drive the page that it can be used.
export function ready() {
  body.dataset.ready = "true";
}

// onward is a page of ours inside the same flow, or on the way to the same page.
export function onward(path) {
  const query = new URLSearchParams();
  if (flow) query.set("flow", flow);
  else if (body.dataset.next) query.set("next", body.dataset.next);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

// arrive goes on after signing in: back to the vendor's request, or to the page that was wanted.
export function arrive(otherwise) {
  location.replace(flow ? onward("/continue") : body.dataset.next || otherwise);
}

// explain puts a refusal into words.
export function explain(problem) {
  const code = problem?.code ?? "internal";
  if (code === "slow-down" && problem.retryAfter) return later(problem.retryAfter);
  return has(`problem.${code}`) ? t(`problem.${code}`) : t("problem.internal");
}

// later says how long to wait, in a unit that people count in.
function later(seconds) {
  if (seconds >= 120) return t("problem.slow-down.minutes", { n: Math.ceil(seconds / 60) });
  return count("problem.slow-down.seconds", seconds);
}

// ask asks the agent. Where the server shows an older vault than this device has seen, the customer
// decides whether that one counts; until then nothing is read from it.
export async function ask(method, params = {}) {
  for (;;) {
    try {
      return await agent.call(method, params);
    } catch (problem) {
      if (problem?.code !== "vault-rolled-back") throw problem;
      await older(problem);
    }
  }
}

// older says what an older state can mean. Leaving it closed is the first choice, and what Escape does.
function older(problem) {
  const dialog = $("#older");
  const form = $("form", dialog);
  return new Promise((resolve, reject) => {
    const close = () => { form.onsubmit = null; dialog.close(); };
    dialog.oncancel = () => { close(); reject(problem); };
    $("[name=older-leave]", dialog).onclick = dialog.oncancel;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (form.dataset.busy) return;
      work(form, t("older.working"));
      const failed = await agent.call("rollback.accept").then(() => null, (why) => why);
      rest(form);
      close();
      if (failed) reject(failed);
      else resolve();
    };
    dialog.showModal();
    $("[name=older-leave]", dialog).focus();
  });
}

// call asks the agent. When the session ended or the vault is locked, the customer signs in again
// right here, and the call is made once more: nothing that was typed is lost.
export async function call(method, params = {}) {
  for (;;) {
    try {
      return await ask(method, params);
    } catch (problem) {
      if (problem?.code === "must-renew") {
        location.assign(onward("/recover"));
        throw cancelled;
      }
      if (!["no-session", "vault-locked", "sign-in-required"].includes(problem?.code)) throw problem;
      await again(problem.code);
    }
  }
}

// api calls what needs no vault.
export async function api(method, path, body) {
  const sent = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  for (;;) {
    const answer = await fetch(`/api/v1${path}`, { method, cache: "no-store", credentials: "same-origin", ...sent }).catch(() => null);
    if (!answer) throw { code: "offline" };
    if (answer.ok) return answer.status === 204 ? {} : answer.json();
    const problem = await answer.json().catch(() => ({}));
    const code = String(problem.type ?? "").split("/").pop() || "internal";
    if (answer.status !== 401) throw { code, status: answer.status };
    await again("no-session");
  }
}

const cancelled = { code: "cancelled" };

// again has the customer sign in, or open the vault, without leaving the page.
function again(code) {
  const dialog = $("#again");
  const form = $("form", dialog);
  const login = $("#again-login");
  const passphrase = $("#again-passphrase");
  const wrong = $("#again-wrong");
  const whole = code === "no-session";
  $("#again-title").textContent = t(whole ? "again.title" : "again.unlock.title");
  $("#again-text").textContent = t(whole ? "again.text" : "again.unlock.text");
  $("#again-login-field").hidden = !whole;
  login.required = whole;
  wrong.hidden = true;
  return new Promise((resolve, reject) => {
    const close = () => { passphrase.value = ""; form.onsubmit = null; dialog.close(); };
    dialog.oncancel = () => { close(); reject(cancelled); };
    $("[name=again-cancel]", dialog).onclick = dialog.oncancel;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (form.dataset.busy) return;
      work(form, t("signin.working"));
      try {
        const secret = { passphrase: passphrase.value };
        const state = await agent.call(whole ? "login" : "unlock", whole ? { login: login.value, ...secret } : secret);
        close();
        if (body.dataset.account && state.account !== body.dataset.account) location.reload(); // somebody else: another page
        else resolve();
      } catch (problem) {
        wrong.textContent = explain(problem);
        wrong.hidden = false;
        passphrase.focus();
      } finally {
        rest(form);
      }
    };
    dialog.showModal();
    (whole ? login : passphrase).focus();
  });
}

// first is a page's first call, on which all else hangs. When the vault is not open, the page is left
// for where it is opened: nothing was typed yet.
export async function first(method, params = {}) {
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  const ways = {
    "must-renew": onward("/recover"),
    "no-session": flow ? onward("/continue") : `/signin${back}`,
    "vault-locked": flow ? onward("/unlock") : `/unlock${back}`,
  };
  try {
    return await ask(method, params);
  } catch (problem) {
    const way = ways[problem?.code];
    if (!way) throw problem;
    leave(way);
    return new Promise(() => {}); // the page is being left
  }
}

const leave = (address) => location.replace(address);

// work says that something is going on; a second click does nothing. rest ends it.
export function work(form, text) {
  form.dataset.busy = "true";
  form.setAttribute("aria-busy", "true");
  for (const button of $$("button", form)) button.setAttribute("aria-disabled", "true");
  say(form, text);
}

export function rest(form, text = "") {
  delete form.dataset.busy;
  form.removeAttribute("aria-busy");
  for (const button of $$("button", form)) button.removeAttribute("aria-disabled");
  say(form, text);
}

export function say(within, text) {
  const line = $("[data-working], .working", within);
  if (!line) return;
  line.hidden = false;
  line.textContent = text;
}

// on runs an act of the customer once at a time, and shows what went wrong.
export async function act(form, text, run) {
  if (form.dataset.busy) return;
  clear();
  work(form, text);
  try {
    const said = await run();
    rest(form, said ?? "");
  } catch (problem) {
    rest(form);
    show(problem?.fields ?? [{ text: explain(problem), code: problem?.code }]);
  }
}

// submitted calls run when the form is sent; the form itself goes nowhere.
export function submitted(form, text, run) {
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form, text, run);
  });
}

// wrong is thrown with what is wrong with which field.
export const wrong = (...fields) => ({ fields });

// show lists what is wrong, above the page and beside each field.
export function show(problems) {
  const told = problems.filter((p) => p.code !== "cancelled");
  if (told.length === 0) return;
  const box = $("#errors");
  const title = document.createElement("h2");
  const fields = told.filter((p) => p.field);
  title.textContent = fields.length ? count("errors.title", told.length) : t("errors.problem");
  box.replaceChildren(title, told.length === 1 && !fields.length ? paragraph(told[0].text) : summary(told));
  for (const p of fields) mark(p);
  box.hidden = false;
  box.focus();
}

function paragraph(text) {
  const p = document.createElement("p");
  p.textContent = text;
  return p;
}

function summary(problems) {
  const ul = document.createElement("ul");
  for (const p of problems) {
    const li = document.createElement("li");
    if (p.field) {
      const a = document.createElement("a");
      a.href = `#${p.field}`;
      a.textContent = p.text;
      a.onclick = (event) => { event.preventDefault(); $(`#${CSS.escape(p.field)}`)?.focus(); };
      li.append(a);
    } else li.textContent = p.text;
    ul.append(li);
  }
  return ul;
}

// mark puts the words beside the field; p.field is its id.
function mark(p) {
  const input = document.getElementById(p.field);
  const field = input?.closest(".field");
  if (!field) return;
  const said = document.createElement("span");
  said.className = "wrong";
  said.id = `${p.field}-wrong`;
  said.textContent = p.text;
  const above = input.closest(".with-button") ?? (input.type === "checkbox" ? input.closest("label") : input);
  above.before(said);
  field.classList.add("is-wrong");
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `${said.id} ${input.getAttribute("aria-describedby") ?? ""}`.trim());
}

// mend takes the red off a field that is being corrected. The words are gone and keep their place until the
// form is sent again, so that nothing jumps under a finger.
function mend({ target }) {
  if (!target.matches?.("[aria-invalid]")) return;
  undescribe(target, `${target.id}-wrong`);
  const field = target.closest(".field");
  if (!$("[aria-invalid]", field)) field.classList.add("is-mended");
}

// clear takes the words away again.
export function clear() {
  const box = $("#errors");
  box.hidden = true;
  box.replaceChildren();
  for (const said of $$("span.wrong")) unmark(said);
}

function unmark(said) {
  const field = said.closest(".field");
  field?.classList.remove("is-wrong", "is-mended");
  for (const input of $$("[aria-describedby]", field ?? document)) undescribe(input, said.id);
  said.remove();
}

function undescribe(input, words) {
  input.removeAttribute("aria-invalid");
  const left = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== words);
  if (left.length) input.setAttribute("aria-describedby", left.join(" "));
  else input.removeAttribute("aria-describedby");
}

// step shows one part of a page and hides the others.
export function step(name) {
  clear();
  for (const part of $$("[data-step]")) part.hidden = part.dataset.step !== name;
  const part = $(`[data-step="${name}"]`);
  scrollTo(0, 0);
  part.focus({ preventScroll: true });
}

// signOuts are the buttons that sign out, where a page has one.
function signOut() {
  for (const button of $$("button[name=signout]")) {
    button.addEventListener("click", async () => {
      say(button.closest("section, form, main"), t("account.signing-out"));
      await agent.call("logout").catch(() => {}); // it locks the vault here even without an answer
      const after = button.parentElement.dataset.after;
      location.replace(after || (flow ? onward("/continue") : "/signed-out"));
    });
  }
}

function colours() {
  const buttons = $$("button[name=theme]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const age = button.value ? 31536000 : 0;
      const only = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${button.value}; Path=/; Max-Age=${age}; SameSite=Lax${only}`;
      if (button.value) document.documentElement.dataset.theme = button.value;
      else delete document.documentElement.dataset.theme;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
  }
}

// reveal makes a passphrase readable while it is typed.
function reveal() {
  for (const button of $$("[data-show]")) {
    const input = document.getElementById(button.dataset.show);
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.textContent = t(shown ? "field.show" : "field.hide");
      input.focus();
    });
  }
}

for (const time of $$("time[data-moment]")) time.textContent = moment(new Date(time.dateTime));
document.addEventListener("input", mend);
colours();
reveal();
signOut();
if (!["consent", "vault", "connection", "resume", "terms"].includes(body.dataset.page)) ready();
