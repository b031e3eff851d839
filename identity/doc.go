// Package identity owns who there is: accounts with their key-slot records, sessions, the customers' own
// programs, vendors with the invitations that let them register, and the server's key ring.
//
// What it stores says little to a thief. A login name is kept as a keyed hash; what proves a secret,
// a session's cookie and a vendor's secret likewise; slot and session records are sealed once more
// under a key of the ring; and the ring itself under the master key, which is not in the store.
//
// It never sees a passphrase, a recovery code, a vault key or an attribute value, never speaks HTTP,
// and never decides what a vendor may read: that is consent's.
//
// Where to look: accounts.go (sign up), login.go, meter.go (how failed logins slow down), slots.go
// (new passphrase, new code), session.go, member.go and farewell.go (who hears that a session has ended),
// programs.go, vendor.go and vendors.go, vendor_check.go (all that a vendor may be), keyring.go, rotate.go
// and revoke.go, master.go, store.go and its sisters store_*.go (the atomic steps, and the keys in the store).
//
// Imported by identity/provider, signal, api/rest, api/web and internal/app; imports vault, vault/seal and
// the ground, not consent.
package identity
