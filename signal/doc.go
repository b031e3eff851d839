// Package signal tells vendors what happened: a grant was given, withdrawn or has ended, claims have
// changed, an account is gone. It is a transmitter of the OpenID Shared Signals Framework 1.0: each
// vendor has at most one stream, chooses what it wants to hear and whether events are pushed to it
// (RFC 8935) or polled by it (RFC 8936), and gets them as signed Security Event Tokens (RFC 8417),
// at least once and in order.
//
// It tells names of claims and never a value, and names a customer only as the vendor knows it. It
// decides nothing about what happened: that is read from internal/outbox, where consent and identity
// wrote it together with the change.
//
// Imported by api and internal/app.
package signal
