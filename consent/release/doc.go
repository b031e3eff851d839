// Package release is THE place where a claim leaves. Nothing else on the server opens a capsule.
//
// It takes a consent.Permit, which proves that the read was decided and recorded, and the grant's
// key, which the vendor's token carried; it opens the capsule in memory and gives the claims that
// the permit covers, and no others. What an agent encrypted for the vendor it passes on unread. It
// keeps nothing, logs nothing, and puts no value into an error.
//
// Imported by identity/provider; imports consent and vault.
package release
