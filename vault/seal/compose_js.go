package seal

import "syscall/js"

// compose is NFKC. The browser has the tables for it; bringing our own along would cost every first
// visit 60 kB more. Both agree on every character that both know, for Unicode never changes the
// normal form of one (Standard Annex 15, 3); the same tests and vectors hold them to it.
func compose(passphrase string) []byte {
	normalize := js.Global().Get("String").Get("prototype").Get("normalize")
	return []byte(normalize.Call("call", passphrase, "NFKC").String())
}
