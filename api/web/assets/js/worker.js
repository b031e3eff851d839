// The worker that the agent runs in. The server puts Go's wasm_exec.js before this text, and gives
// both to agent.js as one module. The first message brings the address of the API and the agent's
// integrity, two more the agent itself, every other one a call, or the page's answer about what is
// kept. cmd/agentwasm says what it expects in meinsHost.

const asked = new Map();
let last = 0;

// ask has the page do what a worker cannot: use localStorage.
function ask(host, text) {
  return new Promise((resolve) => {
    asked.set(++last, resolve);
    postMessage({ host, text, id: last });
  });
}

// The agent comes twice: compiled, and as the bytes that it was compiled from.
const module = parcel();
const bytes = parcel();

function parcel() {
  const it = {};
  it.came = new Promise((resolve) => { it.bring = resolve; });
  return it;
}

// start prepares the agent while its bytes are hashed. Nothing of it runs before their hash was right.
async function start({ base, integrity }) {
  globalThis.meinsHost = {
    base,
    load: () => ask("load"),
    save: (text) => ask("save", text),
    ready: () => postMessage({ ready: true }),
  };
  const go = new Go();
  const checked = bytes.came.then((all) => check(all, integrity));
  const [agent] = await Promise.all([module.came.then((compiled) => WebAssembly.instantiate(compiled, go.importObject)), checked]);
  await go.run(agent);
}

// The integrity names its hash as the attribute of that name does: sha256-….
async function check(all, integrity) {
  const [name] = integrity.split("-", 1);
  const hash = new Uint8Array(await crypto.subtle.digest(name.replace("sha", "SHA-"), all));
  if (`${name}-${btoa(String.fromCharCode(...hash))}` !== integrity) {
    throw new Error("this is not the agent");
  }
}

async function call({ id, method, params }) {
  try {
    postMessage({ id, result: await globalThis.meinsAgent.call(method, params) });
  } catch (problem) {
    postMessage({ id, problem: typeof problem === "string" ? problem : '{"code":"agent-unavailable"}' });
  }
}

globalThis.onmessage = ({ data }) => {
  if (data.base) {
    // The agent runs until the page ends; if it returns, it broke.
    start(data).finally(() => postMessage({ ended: true }));
  } else if (data.module) {
    module.bring(data.module);
  } else if (data.bytes) {
    bytes.bring(data.bytes);
  } else if (data.answer) {
    asked.get(data.answer)(data.text);
    asked.delete(data.answer);
  } else {
    call(data);
  }
};
