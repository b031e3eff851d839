// Package seal owns the bytes: keys, how one key becomes another, how a passphrase becomes a key,
// the two sealed formats (box and committing box) that everything secret in meins is kept in, and the
// encrypted message (JWE) that a vendor's own library opens.
//
// The format is frozen in docs/vault-format.md and by the vectors in testdata; a change of one byte
// is a new format number, never an edit of an old one. Of what is kept there is one algorithm, no
// negotiation and no fallback; of a message the key agreement is the one that the vendor registered.
//
// It never does I/O, never knows what it seals, and never says why bytes did not open.
//
// Imported by vault, and by the server's rooms that seal tokens and records under the server's own
// keys; imports internal/fault only. It is compiled for the browser too: keep its imports small.
package seal
