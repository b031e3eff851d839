// A relying party that does all that a bank would: it pushes a signed request, takes a signed answer, proves a key
// with each token (DPoP), and has UserInfo signed.
import * as client from "openid-client";
import { alg, clientID, discover, issuer, party, secret, serve, signingKey } from "./party.mjs";

const signing = await signingKey(JSON.parse(secret));
const config = await discover(
  { id_token_signed_response_alg: alg, authorization_signed_response_alg: alg, userinfo_signed_response_alg: alg, introspection_signed_response_alg: alg },
  client.PrivateKeyJwt(signing), client.enableNonRepudiationChecks, client.useJwtResponseMode,
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const vendor = party(config, { DPoP });

function bound() {
  if (vendor.tokens.token_type !== "dpop") throw new Error(`the token is ${vendor.tokens.token_type}`);
}

await serve({
  ...vendor,
  async begin() {
    const signed = await client.buildAuthorizationUrlWithJAR(config, await vendor.request(), signing);
    const pushed = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
    if (!pushed.searchParams.has("request_uri") || pushed.searchParams.has("scope")) throw new Error("the request was not pushed");
    return pushed.href;
  },
  async finish(args) {
    if (new URL(args.callback).searchParams.has("code")) throw new Error("the code came unsigned");
    const sub = await vendor.finish(args);
    bound();
    return sub;
  },
  async userinfo() {
    const { iss, aud, ...claims } = await vendor.userinfo();
    if (iss !== issuer || aud !== clientID) throw new Error("UserInfo is not signed for this vendor");
    return claims;
  },
  async refresh() {
    const sub = await vendor.refresh();
    bound();
    return sub;
  },
  async steal() {
    // Somebody has the token, and not the key.
    const answer = await fetch(config.serverMetadata().userinfo_endpoint, { headers: { authorization: `Bearer ${vendor.tokens.access_token}` } });
    return { status: answer.status, body: await answer.text() };
  },
});
