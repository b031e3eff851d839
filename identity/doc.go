// Package identity owns who there is: accounts with their key-slot records, sessions, vendors, and
// the server's key ring.
//
// What it stores says little to a thief. A login name is kept as a keyed hash; what proves a secret,
// a session's cookie and a vendor's secret likewise; slot and session records are sealed once more
// under a key of the ring; and the ring itself under the master key, which is not in the store.
//
// It never sees a passphrase, a recovery code, a vault key or an attribute value, never speaks HTTP,
// and never decides what a vendor may read: that is consent's.
//
// Where to look: accounts.go (sign up), login.go, meter.go (how failed logins slow down), slots.go
// (new passphrase, new code), session.go, vendor.go and vendors.go, keyring.go and rotate.go,
// master.go, store.go (every atomic step and every key in the store).
//
// Imported by identity/provider, api/rest, api/web and internal/app; imports vault, vault/seal and
// the ground, not consent.
package identity
