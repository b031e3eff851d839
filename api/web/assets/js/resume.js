// A return visit under a grant in force: the page that nobody sees. It does with WebCrypto the few
// operations that such a visit needs (docs/vault-format.md, section 5, "The operations of a return
// visit"), without the agent, and sends the browser on to the vendor. Checked against the same
// vectors as the agent (resume_test.mjs).
//
// Its input stands in the page, its members texts but for prompt_none and ending:
//
//   <script type="application/json" id="resume">{"flow": "… or absent", "account": "…", "session": "…", "share": "<base64>",
//     "grant": "…", "wrapped_key": "<base64>", "approved": "<digest>", "prompt_none": false,
//     "ending": {"before": "…", "after": "…", "key": "<base64>"}}</script>
//
// With an ending the grant's key goes between its two parts, sealed, and that is the vendor's address
// with the code; without one the server is asked for the address. An ending comes without a flow, on a
// page at the address of the vendor's request, and with nothing to show: what it cannot do, the same
// request does when it comes again.
//
// What the agent keeps in this browser ("meins.kept", see agent.js) is the other half of the share.
// Where the two do not open the grant, the customer unlocks the vault; a vendor that wants no
// question (prompt=none) is told that it takes one.

const api = "/api/v1";
const text = new TextEncoder();

// associated is data(format, context) of the format's section 2.
export function associated(format, purpose, account, object) {
  const parts = [purpose, account, object].map((part) => text.encode(part));
  const data = new Uint8Array(1 + parts.reduce((sum, part) => sum + 4 + part.length, 0) + 8); // the revision is 0
  const view = new DataView(data.buffer);
  data[0] = format;
  let at = 1;
  for (const part of parts) {
    view.setUint32(at, part.length);
    data.set(part, at + 4);
    at += 4 + part.length;
  }
  return data;
}

async function hkdf(key, salt, info, bytes) {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: text.encode(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, material, bytes * 8));
}

async function decrypt(key, iv, additionalData, sealed) {
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, aes, sealed));
}

function requireKey(key) {
  if (key.length !== 32 || key.every((byte) => byte === 0)) {
    throw new Error("no key");
  }
  return key;
}

function require(holds) {
  if (!holds) {
    throw new Error("does not open");
  }
}

// openSession gives the vault key that was kept under the session's share.
export async function openSession(share, account, session, kept) {
  requireKey(share);
  require(kept.length === 93 && kept[0] === 2);
  const nonce = kept.slice(1, 13);
  const derived = await hkdf(share, nonce, "meins/1/committing/session", 64);
  // The commitment is no secret; all of it is compared all the same.
  let different = 0;
  derived.slice(32).forEach((byte, i) => (different |= byte ^ kept[13 + i]));
  require(different === 0);
  return requireKey(await decrypt(derived.slice(0, 32), nonce, associated(2, "session", account, session), kept.slice(45)));
}

// unwrapGrantKey gives the grant key that was wrapped under the vault key, with the digest of what was approved.
export async function unwrapGrantKey(vaultKey, account, grant, approved, wrapped) {
  requireKey(vaultKey);
  require(wrapped.length === 61 && wrapped[0] === 1);
  const key = await hkdf(vaultKey, new Uint8Array(), "meins/1/box/grant-key", 32);
  return requireKey(await decrypt(key, wrapped.slice(1, 13), associated(1, "grant-key", account, `${grant}/${approved}`), wrapped.slice(13)));
}

// sealCodeKey seals the grant key for the code of one visit, under the key that came with the page.
export async function sealCodeKey(carrier, grant, key, nonce = crypto.getRandomValues(new Uint8Array(12))) {
  const derived = await hkdf(requireKey(carrier), new Uint8Array(), "meins/1/box/code-key", 32);
  const aes = await crypto.subtle.importKey("raw", derived, "AES-GCM", false, ["encrypt"]);
  const how = { name: "AES-GCM", iv: nonce, additionalData: associated(1, "code-key", "", grant) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(how, aes, requireKey(key)));
  const box = new Uint8Array(13 + sealed.length);
  box[0] = 1;
  box.set(nonce, 1);
  box.set(sealed, 13);
  return box;
}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (data) => btoa(String.fromCharCode(...data));

// grantKey opens the grant's key with what this browser kept.
export async function grantKey(input, kept) {
  require(kept?.account === input.account && kept.session === input.session && typeof kept.wrapped === "string");
  const vaultKey = await openSession(bytes(input.share), input.account, input.session, bytes(kept.wrapped));
  try {
    return await unwrapGrantKey(vaultKey, input.account, input.grant, input.approved, bytes(input.wrapped_key));
  } finally {
    vaultKey.fill(0);
  }
}

async function post(path, body) {
  const response = await fetch(api + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    cache: "no-store",
    redirect: "error",
  });
  if (!response.ok) {
    throw Object.assign(new Error("refused"), { status: response.status });
  }
  return (await response.json()).redirect;
}

async function resume(input) {
  const key = await grantKey(input, JSON.parse(localStorage.getItem("meins.kept")));
  if (input.ending) {
    const { before, after, key: carrier } = input.ending;
    const sealed = base64(await sealCodeKey(bytes(carrier), input.grant, key));
    return before + sealed.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") + after;
  }
  return post("/flow/resume", { flow: input.flow, grant: input.grant, grant_key: base64(key) });
}

// instead is where it goes on when there is no silent way. The server decides anew when the session
// or the ask has changed meanwhile, but only once: otherwise the two could go round in a circle.
async function instead(input, problem) {
  if (!input.flow) {
    return `${location.pathname}${location.search}&again=1`;
  }
  if (input.prompt_none) {
    const reason = problem.status === 401 ? "login_required" : "interaction_required";
    return post("/flow/fail", { flow: input.flow, reason });
  }
  const changed = problem.status === 401 || problem.status === 412;
  const flow = encodeURIComponent(input.flow);
  return changed && !new URLSearchParams(location.search).has("again") ? `/continue?again=1&flow=${flow}` : `/unlock?flow=${flow}`;
}

// answered says that this very request was answered in this tab: the back button leads here, and the
// vendor, which has had its answer, would only be puzzled by another one. consent.js leaves the mark.
async function answered(flow) {
  const sum = await crypto.subtle.digest("SHA-256", text.encode(flow));
  const name = [...new Uint8Array(sum, 0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    return sessionStorage.getItem(`meins.answered.${name}`) !== null;
  } catch {
    return false; // the customer forbids it, and so no mark was left
  }
}

function stay(why) {
  for (const part of document.querySelectorAll(`main, [data-step=${why}]`)) part.hidden = false;
  document.body.dataset.ready = "true";
}

async function run(input) {
  if (input.flow && (await answered(input.flow))) {
    stay("answered");
    return;
  }
  // replace: "back" at the vendor must not lead here again.
  location.replace(await resume(input).catch((problem) => instead(input, problem)));
}

const page = globalThis.document?.getElementById("resume");
if (page) {
  run(JSON.parse(page.textContent)).catch(() => stay("failed"));
}
