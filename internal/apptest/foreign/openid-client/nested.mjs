// A relying party on panva's openid-client whose ID tokens and introspection are signed and encrypted to it:
// the library decrypts them, nothing here does. It reads commands as vendor.mjs does.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, clientID, , alg, redirectURI, scope] = process.argv.slice(2);
const { secret, jwk } = JSON.parse(process.env.CLIENT_SECRET);

const algorithm = jwk.crv === "X25519" ? { name: "X25519" } : { name: "ECDH", namedCurve: jwk.crv };
const { kid, use, alg: _, ...plain } = jwk;
const key = await crypto.subtle.importKey("jwk", plain, algorithm, false, ["deriveBits"]);

// What the vendor registered, said to its library in the standard's own words.
const metadata = {
  id_token_signed_response_alg: "ES256", id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: "A256GCM",
  introspection_signed_response_alg: "ES256", introspection_encrypted_response_alg: alg, introspection_encrypted_response_enc: "A256GCM",
};
const config = await client.discovery(new URL(issuer), clientID, metadata, client.ClientSecretBasic(secret), {
  execute: [client.allowInsecureRequests],
});
client.enableDecryptingResponses(config, ["A256GCM"], { key, alg, kid });

let checks, tokens;

const commands = {
  async begin() {
    checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), idTokenExpected: true };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirectURI,
      scope,
      state: checks.expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: "S256",
    }).href;
  },
  async finish({ callback }) {
    tokens = await client.authorizationCodeGrant(config, new URL(callback), checks);
    if (tokens.id_token.split(".").length !== 5) throw new Error("the ID token came readable");
    return tokens.claims().sub;
  },
  async introspect() {
    return client.tokenIntrospection(config, tokens.access_token);
  },
  async userinfo() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  },
  async refresh() {
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
    return tokens.claims().sub;
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
