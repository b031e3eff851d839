// A relying party whose ID tokens and introspection are signed and encrypted to it: the library decrypts them,
// nothing here does.
import * as client from "openid-client";
import { alg, decryptionKey, discover, party, secret, serve } from "./party.mjs";

const { secret: password, jwk } = JSON.parse(secret);

// What the vendor registered, said to its library in the standard's own words.
const metadata = {
  id_token_signed_response_alg: "ES256", id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: "A256GCM",
  introspection_signed_response_alg: "ES256", introspection_encrypted_response_alg: alg, introspection_encrypted_response_enc: "A256GCM",
};
const config = await discover(metadata, client.ClientSecretBasic(password));
client.enableDecryptingResponses(config, ["A256GCM"], await decryptionKey(jwk));
const vendor = party(config);

await serve({
  ...vendor,
  async finish(args) {
    const sub = await vendor.finish(args);
    if (vendor.tokens.id_token.split(".").length !== 5) throw new Error("the ID token came readable");
    return sub;
  },
});
