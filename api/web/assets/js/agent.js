// The page's end of the agent. The agent itself (vault/agent, compiled to WebAssembly) runs in a
// worker, so that stretching a passphrase does not freeze the page; keys and the passphrase's
// secrets live there and are gone with the page.
//
//   const { attributes } = await agent.call("get", { names: ["email"] });
//
// call(method, params) gives a promise of the method's result; contract and methods: vault/agent/call.go.
// It rejects with an AgentError: code (page texts are under "problem.<code>"), title (English), status,
// retryAfter (seconds, with status 429). agent.ready resolves once the agent can answer.
//
// The page says where the parts are, each with its subresource integrity, in its head:
//
//   <meta name="meins-agent" content='{"base":"/api/v1",
//     "glue":  {"src":"/static/wasm_exec.….js","integrity":"sha384-…"},
//     "worker":{"src":"/static/worker.….js",   "integrity":"sha384-…"},
//     "wasm":  {"src":"/static/agent.….wasm",  "integrity":"sha384-…"}}'>
//
// A worker that is started by its address cannot be checked against a hash. So its two scripts are
// fetched with their hashes and started from a blob: the policy needs "worker-src blob:", and the
// blob worker has the page's own policy. The agent is checked here instead of by fetch, which would
// hold it back until all of it is there: compiling and hashing at the same time saves some 50 ms of
// each page. Nothing of it runs before its hash was right. (Do not preload it:
// a preload with a hash would not be the same request, and once cached there is nothing to gain.)
//
// What the agent keeps for the next page goes to localStorage under "meins.kept": the vault key,
// encrypted under the share that only the server has and that ends with the session; never a key in
// the clear.

const keptName = "meins.kept";

export class AgentError extends Error {
  constructor({ code, title, status, retry_after }) {
    super(title);
    this.name = "AgentError";
    this.code = code;
    this.title = title;
    this.status = status;
    this.retryAfter = retry_after;
  }
}

const unavailable = () => new AgentError({ code: "agent-unavailable", title: "the agent could not be started", status: 0 });

async function load({ src, integrity }) {
  const response = await fetch(src, { integrity: integrity ?? "", credentials: "same-origin" });
  if (!response.ok) {
    throw unavailable();
  }
  return response;
}

const text = async (part) => (await load(part)).text();

// compile gives the module, when its bytes have the hash that the page names.
async function compile({ src, integrity }) {
  const response = await load({ src });
  const copy = response.clone();
  const [module] = await Promise.all([WebAssembly.compileStreaming(response), check(copy, integrity)]);
  return module;
}

async function check(response, integrity) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-384", await response.arrayBuffer()));
  if (`sha384-${btoa(String.fromCharCode(...hash))}` !== integrity) {
    throw unavailable();
  }
}

// store does what the agent asks of localStorage. Where there is none, the vault is locked on the
// next page; nothing else is lost.
function store(action, value) {
  try {
    if (action === "load") {
      return localStorage.getItem(keptName);
    }
    localStorage.setItem(keptName, value);
  } catch {
    // the customer forbids it
  }
  return null;
}

class Agent {
  #calls = new Map();
  #last = 0;
  #worker;
  #up = resolvers();

  constructor(where) {
    this.ready = this.#up.promise;
    this.#start(where).catch(() => this.#fail());
  }

  call(method, params = {}) {
    const { promise, resolve, reject } = resolvers();
    const id = ++this.#last;
    this.#calls.set(id, { resolve, reject });
    this.ready.then(() => this.#worker.postMessage({ id, method, params: JSON.stringify(params) }), reject);
    return promise;
  }

  async #start(where) {
    // The worker starts while the module is still being compiled: that is most of a warm start.
    const compiled = compile(where.wasm);
    compiled.catch(() => {}); // told below
    const [glue, script] = await Promise.all([text(where.glue), text(where.worker)]);
    const address = URL.createObjectURL(new Blob([glue, "\n", script], { type: "text/javascript" }));
    this.#worker = new Worker(address, { name: "meins" });
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = () => this.#fail();
    this.#worker.postMessage({ module: await compiled, base: new URL(where.base, location.href).href });
  }

  #heard(message) {
    if (message.host) {
      this.#worker.postMessage({ answer: message.id, text: store(message.host, message.text) });
    } else if (message.ready) {
      this.#up.resolve();
    } else if (message.ended) {
      this.#fail();
    } else {
      this.#settle(message);
    }
  }

  #settle({ id, result, problem }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (problem === undefined) {
      call?.resolve(JSON.parse(result));
    } else {
      call?.reject(new AgentError(JSON.parse(problem)));
    }
  }

  #fail() {
    this.#up.reject(unavailable());
    for (const { reject } of this.#calls.values()) {
      reject(unavailable());
    }
    this.#calls.clear();
  }
}

function resolvers() {
  const r = {};
  r.promise = new Promise((resolve, reject) => Object.assign(r, { resolve, reject }));
  return r;
}

export const agent = new Agent(JSON.parse(document.querySelector('meta[name="meins-agent"]').content));
agent.ready.catch(() => {}); // whoever calls is told; nobody else needs to be
