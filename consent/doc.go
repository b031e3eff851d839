// Package consent owns one question: may this vendor have this claim, for this purpose, now? It
// owns what a vendor asks, what the customer granted, how a grant lives and ends, the record of
// every decision and of every read, and the sealed records that follow a grant's life: its capsule,
// and the customer's sealed document, which is saved together with the capsules that hold its values.
//
// The way of a claim: NewAsk says what is asked, in whatever form it came; the customer reviews it and
// chooses claims and purposes; Engine.Approve stores the grant. Its terms never change: what is taken
// back, paused or renewed later is its state, and each change of it is one receipt at the end of the
// account's chain (record in store_receipts.go, the one place where decisions are written down).
//
// At each read Engine.Permit takes one snapshot, lets Decide decide, records the read, and only then
// gives the proof, a Permit, without which release.Release opens nothing. What can be read once is
// used up in the transaction that decides.
//
// It never opens a capsule, never holds a key and never sees a value. Whatever is missing, zero,
// unknown or unreadable refuses.
//
// Imported by consent/release, consent/receipt, identity/provider, api and internal/app; imports vault, and of
// the ground internal/fault, internal/id, internal/outbox, internal/shown and internal/store.
package consent
