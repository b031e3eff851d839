// Package agent owns what the customer's program does: sign up, sign in, open the vault, read and
// change it, review what a vendor asks, approve, refuse, withdraw. One code for the browser (compiled
// to WebAssembly), the command line, and any Go program.
//
// It holds the vault key while it runs. What it hands to the server is sealed, except the key of a
// grant that the customer approves, which travels in the vendor's tokens. It never sends the
// passphrase, the recovery code, the vault key or a value in the clear, and never writes them
// anywhere: a Keeper keeps the vault key only sealed under the share that the server gave to the
// session. It knows no HTTP and no files; who uses it hands in a Transport and a Keeper.
//
// Imported by cmd/agentwasm and internal/app; imports vault, vault/seal, internal/id and
// internal/fault. Keep its imports small: every byte is loaded by browsers.
package agent

//go:generate sh -c "$(../../scripts/tool oapi-codegen) -config oapi.yaml ../../api/openapi.yaml"
