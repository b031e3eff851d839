// A relying party on panva's openid-client. It reads one command a line on standard input and
// answers each with one line of JSON: {"ok": …}, or {"error": "…"}.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, clientID, method, alg, redirectURI, scope] = process.argv.slice(2);
const secret = process.env.CLIENT_SECRET;

async function privateKey() {
  const jwk = JSON.parse(secret);
  const key = await crypto.subtle.importKey("jwk", { ...jwk, use: undefined, alg: undefined }, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  return client.PrivateKeyJwt({ key, kid: jwk.kid });
}

const proof = await {
  client_secret_basic: () => client.ClientSecretBasic(secret),
  client_secret_post: () => client.ClientSecretPost(secret),
  none: () => client.None(),
  private_key_jwt: privateKey,
}[method]();

// The provider under test is on loopback, without TLS. Signatures of ID tokens are checked although
// they come straight from the provider.
const config = await client.discovery(new URL(issuer), clientID, { id_token_signed_response_alg: alg }, proof, {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});

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
  async revoke() {
    await client.tokenRevocation(config, tokens.refresh_token);
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
    const why = [e.error, e.code, e.message, e.cause?.message].filter(Boolean).join(": ");
    console.log(JSON.stringify({ error: why }));
  }
}
