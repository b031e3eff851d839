// An ordinary relying party, by each way of proving itself but certificates.
import * as client from "openid-client";
import { alg, discover, method, party, secret, serve, signingKey } from "./party.mjs";

const proof = await {
  client_secret_basic: () => client.ClientSecretBasic(secret),
  client_secret_post: () => client.ClientSecretPost(secret),
  none: () => client.None(),
  private_key_jwt: async () => client.PrivateKeyJwt(await signingKey(JSON.parse(secret))),
}[method]();

// Signatures of ID tokens are checked although they come straight from the provider.
const config = await discover({ id_token_signed_response_alg: alg }, proof, client.enableNonRepudiationChecks);
const vendor = party(config);

await serve({
  ...vendor,
  async refresh() {
    const sub = await vendor.refresh();
    if (!vendor.rotated) throw new Error("the refresh token is the old one");
    return sub;
  },
  revoke: () => client.tokenRevocation(config, vendor.tokens.refresh_token),
});
