// The frame of OpenID Connect Session Management 1.0, 3.2. A page of a vendor's embeds it and asks, by a
// message "client_id session_state", whether the customer is signed in here as when the vendor got that
// state. It answers "unchanged", "changed" or "error", to who asked and to nobody else; no request is sent.
"use strict";

(() => {
  const cookie = document.currentScript.dataset.cookie;

  // The browser's state as of now; empty where nobody is signed in, or where browsers keep cookies from frames.
  const browserState = () =>
    document.cookie.split("; ").find((one) => one.startsWith(cookie + "="))?.slice(cookie.length + 1) ?? "";

  // Whose page this stands in: not every browser says so, but then it says where the frame was opened
  // from, and the page itself, when it asks, is who it is.
  let embedder = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);

  const fromEmbedder = (event) => {
    if (window.parent === window) return false;
    if (!embedder && event.source === window.parent) embedder = event.origin;
    return event.origin === embedder;
  };

  const encoded = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  // "error" tells a vendor not to ask us anew: where nothing can be seen, "changed" would make it do so forever.
  // Whether there is a state makes no difference to how long an answer to a stranger takes.
  const answer = async (event) => {
    const form = /^([!-~][ -~]*) ([\w-]{43})\.([\w-]{22})$/;
    const [, client, hash, salt] = (typeof event.data === "string" && form.exec(event.data)) || [];
    if (!client || !fromEmbedder(event)) return "error";
    const blind = (await document.hasStorageAccess?.()) === false;
    const state = browserState();
    const text = new TextEncoder().encode([client, event.origin, state, salt].join(" "));
    const now = encoded(await crypto.subtle.digest("SHA-256", text));
    if (!state) return blind ? "error" : "changed";
    return now === hash ? "unchanged" : "changed";
  };

  addEventListener("message", async (event) => {
    const said = await answer(event).catch(() => "error"); // no WebCrypto: the vendor's page is not on https
    try {
      event.source.postMessage(said, event.origin);
    } catch {
      // who asked is gone, or has no origin that an answer could be held to
    }
  });
})();
