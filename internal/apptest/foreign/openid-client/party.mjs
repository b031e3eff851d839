// What the relying parties of this folder have in common. Each is a program on panva's openid-client that reads one
// command a line on standard input and answers each with one line of JSON: {"ok": …}, or {"error": "…"}.
import { createInterface } from "node:readline";
import * as client from "openid-client";

export const [issuer, clientID, method, alg, redirectURI, scope] = process.argv.slice(2);
export const secret = process.env.CLIENT_SECRET;

const plain = ({ use, alg, ...jwk }) => jwk;

// signingKey imports a vendor's private key for ES256, as the library wants it.
export async function signingKey(jwk) {
  return { key: await crypto.subtle.importKey("jwk", plain(jwk), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]), kid: jwk.kid };
}

// decryptionKey imports one that messages are encrypted to.
export async function decryptionKey({ kid, ...jwk }) {
  const algorithm = jwk.crv === "X25519" ? { name: "X25519" } : { name: "ECDH", namedCurve: jwk.crv };
  return { key: await crypto.subtle.importKey("jwk", plain(jwk), algorithm, false, ["deriveBits"]), alg, kid };
}

// discover reads the provider's metadata. The provider under test is on loopback, without TLS.
export const discover = (metadata, proof, ...settings) =>
  client.discovery(new URL(issuer), clientID, metadata, proof, { execute: [client.allowInsecureRequests, ...settings] });

// party is the commands of an ordinary login. It keeps the tokens; options are the library's own.
export function party(config, options) {
  const p = {
    // request draws what is new in each login, and gives its parameters.
    async request() {
      p.checks = {
        pkceCodeVerifier: client.randomPKCECodeVerifier(),
        expectedState: client.randomState(),
        expectedNonce: client.randomNonce(),
        idTokenExpected: true,
      };
      return {
        redirect_uri: redirectURI,
        scope,
        state: p.checks.expectedState,
        nonce: p.checks.expectedNonce,
        code_challenge: await client.calculatePKCECodeChallenge(p.checks.pkceCodeVerifier),
        code_challenge_method: "S256",
      };
    },
    async begin() {
      return client.buildAuthorizationUrl(config, await p.request()).href;
    },
    async finish({ callback }) {
      p.tokens = await client.authorizationCodeGrant(config, new URL(callback), p.checks, undefined, options);
      return p.tokens.claims().sub;
    },
    async userinfo() {
      return client.fetchUserInfo(config, p.tokens.access_token, p.tokens.claims().sub, options);
    },
    async refresh() {
      const fresh = await client.refreshTokenGrant(config, p.tokens.refresh_token, undefined, options);
      if (fresh.claims().sub !== p.tokens.claims().sub) throw new Error("the subject is another");
      fresh.refresh_token ??= p.tokens.refresh_token; // by FAPI 2.0 it stays the same
      p.rotated = fresh.refresh_token !== p.tokens.refresh_token;
      p.tokens = fresh;
      return p.tokens.claims().sub;
    },
    async introspect() {
      return client.tokenIntrospection(config, p.tokens.access_token);
    },
    async logout({ back, state }) {
      return client.buildEndSessionUrl(config, { id_token_hint: p.tokens.id_token, post_logout_redirect_uri: back, state }).href;
    },
  };
  return p;
}

// serve answers commands until the input ends.
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...args } = JSON.parse(line);
    try {
      console.log(JSON.stringify({ ok: (await commands[command](args)) ?? null }));
    } catch (e) {
      const why = [e.error, e.code, e.message, e.cause?.message, e.status ?? e.cause?.status].filter(Boolean).join(": ");
      console.log(JSON.stringify({ error: why }));
    }
  }
}
