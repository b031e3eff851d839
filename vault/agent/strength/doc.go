// Package strength owns how hard a passphrase is to guess: zxcvbn's method (Wheeler, USENIX Security
// 2016) with its word lists, and with its scores.
//
// It is written anew because the existing Go version builds its tables at start, which costs a
// browser most of a second on every page, and doubles the size of the agent. Here nothing happens
// before the first estimate. The tests hold it to the existing version, guess by guess.
//
// It never keeps or sends a passphrase. Imported by vault/agent; imports nothing of the project.
package strength
