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
// The page says where the agent is, with its subresource integrity, in its head:
//
//   <meta name="meins-agent" content='{"base":"/api/v1",
//     "wasm":{"src":"/static/agent.….wasm","integrity":"sha256-…"}}'>
//
// A worker that is started by its address cannot be checked against a hash. So its text comes as a
// module, which is, and starts from a blob: the policy needs "worker-src blob:", and the blob worker
// has the page's own policy. The agent is checked by the worker instead of by fetch, which would hold
// it back until all of it is there. Nothing of it runs before its hash was right. (Do not preload it
// with a hash: that would not be the same request, and once cached there is nothing to gain.)
//
// What the agent keeps for the next page goes to localStorage under "meins.kept": the vault key,
// encrypted under the share that only the server has and that ends with the session; never a key in
// the clear.

import program from "./worker.js";

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

  constructor({ base, wasm }) {
    this.ready = this.#up.promise;
    this.#worker = new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })), { name: "meins" });
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = () => this.#fail();
    this.#worker.postMessage({ base: new URL(base, location.href).href, integrity: wasm.integrity });
    this.#load(wasm.src).catch(() => this.#fail());
  }

  call(method, params = {}) {
    const { promise, resolve, reject } = resolvers();
    const id = ++this.#last;
    this.#calls.set(id, { resolve, reject });
    this.ready.then(() => this.#worker.postMessage({ id, method, params: JSON.stringify(params) }), reject);
    return promise;
  }

  // The module is compiled here and not in the worker: so the browser still has it when the next page
  // of this tab compiles the same. The worker hashes its bytes meanwhile.
  async #load(src) {
    const response = await fetch(src, { credentials: "same-origin" });
    if (!response.ok) {
      throw unavailable();
    }
    await Promise.all([
      response.clone().arrayBuffer().then((bytes) => this.#worker.postMessage({ bytes }, [bytes])),
      WebAssembly.compileStreaming(response).then((module) => this.#worker.postMessage({ module })),
    ]);
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
