// Package bolt owns the embedded engine: a store.Store in one bbolt file, held by one process.
//
// Writers share commits. One goroutine takes every transaction that has queued up, runs them one
// after another in a single bbolt transaction, syncs it to disk once and then answers all of them.
// There is no timer: a lone writer waits for its own sync and for nothing else, and while the disk
// is busy the next batch gathers by itself.
//
// Each transaction writes into an overlay that reaches the batch only when its function returned
// nil, so an error or a panic costs nobody else anything. Since the functions run one at a time on
// the writer's goroutine, they must be short, must not wait for each other and must not open
// another transaction. A Reader or Tx belongs to the goroutine that was given it.
//
// An expired record is absent for every reader from that moment on. Each batch also removes a few
// of them, in proportion to its size, so that the file cannot grow faster than it is cleaned; Sweep
// removes the rest when nobody writes.
//
// The file holds three buckets: "meins" (the version of this layout), "data" (key → eight bytes of
// expiry, then the value) and "expiry" (eight bytes of expiry, then the key → nothing), which has
// exactly one entry for each record in "data" that can expire.
//
// It never knows what a key means and never seals a value. Imported by internal/app, and by the
// tests of every package that stores something.
package bolt
