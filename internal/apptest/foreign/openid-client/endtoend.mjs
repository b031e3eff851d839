// A relying party that reads UserInfo end-to-end: the library decrypts it, nothing here does.
import * as client from "openid-client";
import { alg, decryptionKey, discover, party, secret, serve } from "./party.mjs";

const { secret: password, jwk } = JSON.parse(secret);

// What the vendor registered, said to its library in the standard's own words.
const metadata = { userinfo_signed_response_alg: "none", userinfo_encrypted_response_alg: alg, userinfo_encrypted_response_enc: "A256GCM" };
const config = await discover(metadata, client.ClientSecretBasic(password));
client.enableDecryptingResponses(config, ["A256GCM"], await decryptionKey(jwk));

await serve(party(config));
