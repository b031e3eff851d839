// Package vault owns what the customer holds: the vault key and the slots that open it, the sealed
// document with its personas and attributes, the catalogue of claims and how they follow from
// attributes, and the capsule that carries the approved claims of one grant.
//
// All of it is pure: bytes and values in, bytes and values out. It never does I/O, never decides
// whether a vendor may have a claim, and never sends a key or a value anywhere. Types that hold keys
// or values print [redacted].
//
// Imported by vault/agent, which acts for the customer, by consent/release, which opens capsules,
// and by rooms that need the names of claims; imports vault/seal, internal/id and internal/fault.
package vault
