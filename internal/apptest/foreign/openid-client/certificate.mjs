// A relying party that proves itself by a certificate (mutual TLS): the library takes the addresses that discovery
// names for it, and what it fetches with presents the certificate.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import * as client from "openid-client";
import { alg, clientID, issuer, party, secret, serve } from "./party.mjs";

const { ca, own, other } = JSON.parse(secret); // files

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
const presents = (files) => {
  config[client.customFetch] = fetching(files);
};
presents(read(own));
const vendor = party(config);

await serve({
  ...vendor,
  async refresh() {
    const sub = await vendor.refresh();
    if (!vendor.rotated) throw new Error("the refresh token is the old one");
    return sub;
  },
  // Somebody else has all that the vendor has, but its certificate.
  stolen: ({ presented }) => presents({ nothing: {}, another: read(other) }[presented]),
  back: () => presents(read(own)),
});
