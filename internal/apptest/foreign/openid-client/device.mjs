// A television: it shows a code, and asks again and again whether somebody has typed it in (RFC 8628).
import * as client from "openid-client";
import { alg, discover, method, party, secret, serve } from "./party.mjs";

const proof = method === "none" ? client.None() : client.ClientSecretBasic(secret);
const config = await discover({ id_token_signed_response_alg: alg }, proof, client.enableNonRepudiationChecks);
const television = party(config);

let polling;

await serve({
  ...television,
  async show() {
    const shown = await client.initiateDeviceAuthorization(config, { scope: "openid" });
    polling = client.pollDeviceAuthorizationGrant(config, shown).then((got) => ({ got }), (error) => ({ error }));
    return shown;
  },
  async wait() {
    const { got, error } = await polling;
    if (error) throw error;
    television.tokens = got;
    return got.claims().sub;
  },
});
