// Package receipt turns the record of a decision into something that both sides can keep: a signed
// token with the fields of ISO/IEC TS 27560:2023, the same as JSON-LD of the W3C's Data Privacy
// Vocabulary, and the Kantara Initiative's Consent Receipt 1.1. A receipt holds names of claims and
// never a value. It checks receipts, too, without asking anybody.
//
// It stores nothing and decides nothing: what happened is consent's to know.
//
// Imported by api and internal/app.
package receipt
