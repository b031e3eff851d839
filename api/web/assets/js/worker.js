// The worker that the agent runs in. agent.js puts Go's wasm_exec.js before this text; the first
// message brings the compiled module and the address of the API, every other one a call, or the
// page's answer about what is kept. cmd/agentwasm says what it expects in meinsHost.

const asked = new Map();
let last = 0;

// ask has the page do what a worker cannot: use localStorage.
function ask(host, text) {
  return new Promise((resolve) => {
    asked.set(++last, resolve);
    postMessage({ host, text, id: last });
  });
}

async function start({ module, base }) {
  globalThis.meinsHost = {
    base,
    load: () => ask("load"),
    save: (text) => ask("save", text),
    ready: () => postMessage({ ready: true }),
  };
  const go = new Go();
  await go.run(await WebAssembly.instantiate(module, go.importObject));
}

async function call({ id, method, params }) {
  try {
    postMessage({ id, result: await globalThis.meinsAgent.call(method, params) });
  } catch (problem) {
    postMessage({ id, problem: typeof problem === "string" ? problem : '{"code":"agent-unavailable"}' });
  }
}

globalThis.onmessage = ({ data }) => {
  if (data.module) {
    // The agent runs until the page ends; if it returns, it broke.
    start(data).finally(() => postMessage({ ended: true }));
  } else if (data.answer) {
    asked.get(data.answer)(data.text);
    asked.delete(data.answer);
  } else {
    call(data);
  }
};
