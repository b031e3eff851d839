// A relying party on panva's openid-client that proves itself by a certificate (mutual TLS): the library takes
// the addresses that discovery names for it, and what it fetches with presents the certificate. It reads
// commands as vendor.mjs does.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, clientID, , alg, redirectURI, scope] = process.argv.slice(2);
const { ca, own, other } = JSON.parse(process.env.CLIENT_SECRET); // files

const read = (files) => ({ cert: readFileSync(files.cert), key: readFileSync(files.key) });

// fetching is fetch by node:https, which can present a certificate.
function fetching(presented) {
  const agent = new Agent({ ca: readFileSync(ca), keepAlive: false, ...presented });
  return (url, { method, headers, body, signal }) => new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers, signal }, async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      const named = Object.entries(answer.headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value]));
      resolve(new Response(parts.length ? Buffer.concat(parts) : null, { status: answer.statusCode, headers: named }));
    });
    sent.on("error", reject);
    sent.end(body?.toString());
  });
}

const metadata = { id_token_signed_response_alg: alg, use_mtls_endpoint_aliases: true };
const config = await client.discovery(new URL(issuer), clientID, metadata, client.TlsClientAuth(), {
  execute: [client.enableNonRepudiationChecks],
  [client.customFetch]: fetching(read(own)),
});
config[client.customFetch] = fetching(read(own));

let checks, tokens;

const commands = {
  async begin() {
    checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirectURI,
      scope,
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: "S256",
    }).href;
  },
  async finish({ callback }) {
    tokens = await client.authorizationCodeGrant(config, new URL(callback), checks);
    return tokens.claims().sub;
  },
  async userinfo() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  },
  async refresh() {
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
    if (fresh.refresh_token === tokens.refresh_token) throw new Error("the refresh token is the old one");
    if (fresh.claims().sub !== tokens.claims().sub) throw new Error("the subject is another");
    tokens = fresh;
    return tokens.claims().sub;
  },
  async introspect() {
    return client.tokenIntrospection(config, tokens.access_token);
  },
  // Somebody else has all that the vendor has, but its certificate.
  async stolen({ presented }) {
    config[client.customFetch] = fetching({ nothing: {}, another: read(other) }[presented]);
    return null;
  },
  async back() {
    config[client.customFetch] = fetching(read(own));
    return null;
  },
  async logout({ back, state }) {
    return client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: back, state }).href;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...args } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: await commands[command](args) }));
  } catch (e) {
    const why = [e.error, e.code, e.message, e.cause?.message, e.status ?? e.cause?.status].filter(Boolean).join(": ");
    console.log(JSON.stringify({ error: why }));
  }
}
