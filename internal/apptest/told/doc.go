// Package told holds what vendors and customers are told, over HTTP against the whole program: events
// that a vendor polls or gets pushed, and receipts that both sides can keep. Nobody imports this
// package.
package told
