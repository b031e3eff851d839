// check_session.js in browsers that are not Chromium, as far as they differ: what tells whose page the frame
// stands in, and whether it sees a cookie. Chromium itself is in internal/apptest/browser.
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createContext, Script } from "node:vm";
import { createHash, webcrypto } from "node:crypto";

const script = new Script(readFileSync(new URL("check_session.js", import.meta.url), "utf8"));
const vendor = "https://shop.example";
const state = "A".repeat(22);
const salt = "s".repeat(22);
const hash = (origin, browser = state) => createHash("sha256").update(["client", origin, browser, salt].join(" ")).digest("base64url");
const message = (origin, browser) => `client ${hash(origin, browser)}.${salt}`;

// frame runs the script in a page of a browser that is like this, and gives what asks it.
function frame({ ancestors, referrer = "", cookie = `other=1; meins_state=${state}; x=y`, storage, top = false, subtle = webcrypto.subtle } = {}) {
  let hear;
  const parent = {};
  const page = {
    document: { currentScript: { dataset: { cookie: "meins_state" } }, cookie, referrer, ...(storage === undefined ? {} : { hasStorageAccess: async () => storage }) },
    location: ancestors === undefined ? {} : { ancestorOrigins: ancestors },
    addEventListener: (_, listener) => { hear = listener; },
    crypto: { subtle }, btoa, TextEncoder, URL,
  };
  page.window = page;
  page.parent = top ? page : parent;
  script.runInContext(createContext(page));
  // The parent asks, or another frame beside this one.
  return async (data, origin, from = "another") => {
    const heard = [];
    const source = from === "parent" ? parent : {};
    source.postMessage = (said, to) => {
      if (to === "null" || to === "") throw new SyntaxError("no origin");
      heard.push([said, to]);
    };
    await hear({ data, origin, source });
    assert.ok(heard.every(([, to]) => to === origin), "an answer goes to somebody else");
    return heard[0]?.[0];
  };
}

test("who embeds the frame is known by the browser, by the referrer, or by asking itself", async () => {
  for (const like of [{ ancestors: [vendor] }, { ancestors: [vendor, "https://outer.example"] }, { referrer: vendor + "/" }, { referrer: vendor + "/page?x" }]) {
    const ask = frame(like);
    assert.equal(await ask(message(vendor), vendor), "unchanged");
    assert.equal(await ask(message("https://evil.example"), "https://evil.example"), "error");
    assert.equal(await ask(message("https://outer.example"), "https://outer.example"), "error");
  }
  const ask = frame();
  assert.equal(await ask(message(vendor), vendor), "error", "nothing tells yet that it is the embedding page's origin");
  assert.equal(await ask(message(vendor), vendor, "parent"), "unchanged");
  assert.equal(await ask(message(vendor), vendor), "unchanged");
  assert.equal(await ask(message("https://evil.example"), "https://evil.example"), "error");
});

test("a page of its own and one without an origin hear nothing that helps", async () => {
  assert.equal(await frame({ top: true, ancestors: [] })(message(vendor), vendor), "error");
  assert.equal(await frame({ ancestors: ["null"] })(message("null"), "null"), undefined);
});

test("without a cookie nobody hears unchanged, and a browser that hides it says error", async () => {
  for (const cookie of ["", "other=1", "meins_state=", "xmeins_state=" + state, "__Host-meins_state=" + state]) {
    for (const browser of [state, ""]) {
      assert.equal(await frame({ ancestors: [vendor], cookie })(message(vendor, browser), vendor), "changed");
      assert.equal(await frame({ ancestors: [vendor], cookie, storage: true })(message(vendor, browser), vendor), "changed");
      assert.equal(await frame({ ancestors: [vendor], cookie, storage: false })(message(vendor, browser), vendor), "error");
    }
  }
  assert.equal(await frame({ ancestors: [vendor], storage: false })(message(vendor), vendor), "unchanged", "what is seen counts");
});

test("without WebCrypto the answer is error", async () => {
  assert.equal(await frame({ ancestors: [vendor], subtle: null })(message(vendor), vendor), "error");
});
