//go:build js && wasm

// Command agentwasm owns the agent's life in a browser: it runs vault/agent inside a dedicated
// worker, carries its calls with fetch, and has the page keep what survives (localStorage is the
// page's). The script beside it, api/web/assets/js/worker.js, starts it.
//
// What it leaves in the worker's global scope:
//
//	meinsAgent.call(method, params) → Promise of the result; both are JSON texts
//
// What it expects there before it starts:
//
//	meinsHost.base         address of the API, absolute: a worker made of a blob has none
//	meinsHost.load()       → Promise of the text that was kept, or null
//	meinsHost.save(text)   → Promise
//	meinsHost.ready()      is called when call can be called
//
// It never touches a page, and never logs. Imports vault/agent only: every byte is loaded.
package main
