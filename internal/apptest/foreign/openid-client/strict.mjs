// A relying party on panva's openid-client that does all that a bank would: it pushes a signed request,
// takes a signed answer, proves a key with each token (DPoP), and has UserInfo signed. It reads one
// command a line on standard input and answers each with one line of JSON, like vendor.mjs.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, clientID, , alg, redirectURI, scope] = process.argv.slice(2);

const jwk = JSON.parse(process.env.CLIENT_SECRET);
const key = await crypto.subtle.importKey("jwk", { ...jwk, use: undefined, alg: undefined }, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const signing = { key, kid: jwk.kid };

const config = await client.discovery(
  new URL(issuer), clientID,
  { id_token_signed_response_alg: alg, authorization_signed_response_alg: alg, userinfo_signed_response_alg: alg, introspection_signed_response_alg: alg },
  client.PrivateKeyJwt(signing),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks, client.useJwtResponseMode] },
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

let checks, tokens;

const commands = {
  async begin() {
    checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    };
    const signed = await client.buildAuthorizationUrlWithJAR(config, {
      redirect_uri: redirectURI,
      scope,
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: "S256",
    }, signing);
    const pushed = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
    if (!pushed.searchParams.has("request_uri") || pushed.searchParams.has("scope")) throw new Error("the request was not pushed");
    return pushed.href;
  },
  async finish({ callback }) {
    if (new URL(callback).searchParams.has("code")) throw new Error("the code came unsigned");
    tokens = await client.authorizationCodeGrant(config, new URL(callback), checks, undefined, { DPoP });
    if (tokens.token_type !== "dpop") throw new Error(`the token is ${tokens.token_type}`);
    return tokens.claims().sub;
  },
  async userinfo() {
    const { iss, aud, ...claims } = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
    if (iss !== issuer || aud !== clientID) throw new Error("UserInfo is not signed for this vendor");
    return claims;
  },
  async refresh() {
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    if (fresh.token_type !== "dpop" || fresh.claims().sub !== tokens.claims().sub) throw new Error("the tokens are others");
    fresh.refresh_token ??= tokens.refresh_token; // by FAPI 2.0 it stays the same
    tokens = fresh;
    return tokens.claims().sub;
  },
  async introspect() {
    return client.tokenIntrospection(config, tokens.access_token);
  },
  async steal() {
    // Somebody has the token, and not the key.
    const answer = await fetch(config.serverMetadata().userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    return { status: answer.status, body: await answer.text() };
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
