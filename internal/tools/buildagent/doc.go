// Command buildagent owns how the browser's agent gets into the program: it compiles the agent for
// WebAssembly, compresses it, and lays it into the folder that the pages embed, each file under a
// name that carries its content's hash.
//
//	agent.<hash>.wasm       agent.<hash>.wasm.br       agent.<hash>.wasm.gz
//	wasm_exec.<hash>.js     wasm_exec.<hash>.js.br     wasm_exec.<hash>.js.gz
//	manifest.json           logical name → file, integrity (SHA-256, of the plain bytes) and sizes
//
// The plain bytes stay beside the compressed ones so that anybody can fetch the agent with a plain
// client and compare its hash with a build of their own. The same source gives the same bytes:
// nothing here knows the time, the folder or the machine. wasm_exec.js is the Go release's own and
// is copied at each build, never committed, because the two must match.
//
// It never runs in the server; nothing imports it.
package main
