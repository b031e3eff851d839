// A television on panva's openid-client: it shows a code, and asks again and again whether somebody has typed it
// in (RFC 8628). It reads commands as vendor.mjs does.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, clientID, method, alg] = process.argv.slice(2);
const proof = method === "none" ? client.None() : client.ClientSecretBasic(process.env.CLIENT_SECRET);

const config = await client.discovery(new URL(issuer), clientID, { id_token_signed_response_alg: alg }, proof, {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});

let polling, tokens;

const commands = {
  async show() {
    const shown = await client.initiateDeviceAuthorization(config, { scope: "openid" });
    polling = client.pollDeviceAuthorizationGrant(config, shown).then((got) => ({ got }), (error) => ({ error }));
    return shown;
  },
  async wait() {
    const { got, error } = await polling;
    if (error) throw error;
    tokens = got;
    return tokens.claims().sub;
  },
  async userinfo() {
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
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
