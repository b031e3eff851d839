// The return visit's script against the vectors of the vault: node --test api/web/
import { readFileSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
// As text, because a .js file outside of a module package is taken for a module by newer Nodes only.
const { associated, grantKey, openSession, sealCodeKey, unwrapGrantKey } = await import(
  "data:text/javascript;base64," + Buffer.from(read("assets/js/resume.js")).toString("base64")
);
const vectors = JSON.parse(read("../../vault/testdata/vectors.json"));
const sealVectors = JSON.parse(read("../../vault/seal/testdata/vectors.json"));
const codeKey = JSON.parse(read("../../identity/provider/testdata/code_key.json"));
const hex = (text) => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");

for (const [i, v] of vectors.session.entries()) {
  test(`session ${i}: ${v.why ? `refused, ${v.why}` : "opens"}`, async () => {
    const open = () => openSession(hex(v.share), v.account, v.session, hex(v.wrapped));
    v.vault_key ? assert.equal(toHex(await open()), v.vault_key) : await assert.rejects(open);
  });
}

for (const [i, v] of vectors.grant_key.entries()) {
  test(`grant key ${i}: ${v.why ? `refused, ${v.why}` : "unwraps"}`, async () => {
    const unwrap = () => unwrapGrantKey(hex(v.vault_key), v.account, v.grant, v.digest, hex(v.wrapped));
    v.grant_key ? assert.equal(toHex(await unwrap()), v.grant_key) : await assert.rejects(unwrap);
  });
}

test("there are vectors that open and vectors that must not", () => {
  for (const [list, result] of [[vectors.session, "vault_key"], [vectors.grant_key, "grant_key"]]) {
    assert.ok(list.some((v) => v[result]) && list.some((v) => !v[result]));
  }
});

test("associated data are those of the format", () => {
  for (const v of sealVectors.associated_data.filter((v) => v.revision === "0")) {
    assert.equal(toHex(associated(v.format, v.purpose, v.account, v.object)), v.data);
  }
});

test("the grant's key is sealed for the code as the server opens it, under a new nonce each time", async () => {
  const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
  const [carrier, key, sealed] = [codeKey.carrier, codeKey.grant_key, codeKey.sealed].map(bytes);
  assert.equal(toHex(await sealCodeKey(carrier, codeKey.grant, key, sealed.slice(1, 13))), toHex(sealed));
  const [first, second] = [await sealCodeKey(carrier, codeKey.grant, key), await sealCodeKey(carrier, codeKey.grant, key)];
  assert.notEqual(toHex(first.slice(1, 13)), toHex(second.slice(1, 13)));
  await assert.rejects(() => sealCodeKey(new Uint8Array(32), codeKey.grant, key));
  await assert.rejects(() => sealCodeKey(carrier, codeKey.grant, key.slice(1)));
});

test("the whole of a return visit: kept bytes and share open the grant, each change refuses", async () => {
  const s = vectors.session.find((v) => v.vault_key);
  const g = vectors.grant_key.find((v) => v.grant_key && v.vault_key === s.vault_key && v.account === s.account);
  const base64 = (text) => Buffer.from(text, "hex").toString("base64");
  const input = { account: s.account, session: s.session, share: base64(s.share), grant: g.grant, approved: g.digest, wrapped_key: base64(g.wrapped) };
  const kept = { account: s.account, session: s.session, wrapped: base64(s.wrapped), highest: 3 };
  assert.equal(toHex(await grantKey(input, kept)), g.grant_key);
  for (const other of [null, {}, { ...kept, session: "x" }, { ...kept, account: "x" }, { ...kept, wrapped: undefined }, { ...kept, wrapped: "AAAA" }]) {
    await assert.rejects(() => grantKey(input, other));
  }
  await assert.rejects(() => grantKey({ ...input, grant: "othergrantaaaaaaaaaaaaaaaa" }, kept));
  for (const approved of [undefined, "", vectors.grant_key.find((v) => v.digest !== g.digest).digest]) {
    await assert.rejects(() => grantKey({ ...input, approved }, kept));
  }
  await assert.rejects(() => grantKey({ ...input, share: Buffer.alloc(32).toString("base64") }, kept));
});
