// Everything in one file. What is in the vault comes from the agent and goes into the file here, in the
// browser; the server gives the rest, and sees none of it.
import "./agent.js";
import { $, act, api, call } from "./page.js";
import { t } from "./text.js";

const part = $("[data-export=all]");

$("button[name=export]").addEventListener("click", () => act(part, t("export.working"), async () => {
  save(JSON.stringify(await everything(), null, 2));
  return t("export.done");
}));

async function everything() {
  const { personas } = await call("personas"); // opens the vault first: without it there is no whole export
  const vault = [];
  for (const persona of personas) {
    const { attributes } = await call("get", { persona: persona.id });
    vault.push({ ...persona, attributes });
  }
  const { grants } = await api("GET", "/grants");
  const connections = [];
  for (const { wrapped_key: _, ...grant } of grants) { // of use to this vault alone
    connections.push({
      ...grant,
      releases: await pages(`/grants/${grant.id}/releases`, "releases"),
      told: await pages(`/grants/${grant.id}/told`, "told"),
    });
  }
  return {
    format: "meins-export", version: 1, exported: new Date().toISOString(), issuer: location.origin,
    vault, grants: connections, receipts: await pages("/receipts", "receipts"),
  };
}

// pages reads a list to its end.
async function pages(path, name) {
  const all = [];
  for (let next = ""; ;) {
    const query = new URLSearchParams({ limit: "200", ...(next && { before: next }) });
    const page = await api("GET", `${path}?${query}`);
    all.push(...page[name]);
    next = page.next ?? "";
    if (!next) return all;
  }
}

function save(text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `meins-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
