// Package provider owns what a vendor's OpenID Connect or OAuth library talks to: discovery, keys,
// the authorization request, tokens, UserInfo, introspection, revocation and logout, and the few
// calls by which the customer's pages answer an authorization request.
//
// It keeps next to nothing. An authorization request travels sealed in the URL, codes and tokens are
// sealed blobs. What is written down is that a code was redeemed, that a family of refresh tokens lives
// and that something was revoked (store.go); that an assertion, a proof or a pushed request was used
// (store_once.go); and what waits for a customer: devices (store_device.go), and requests that a vendor
// keeps for later (store_later.go). All of it expires.
//
// It never decides whether a vendor may have a claim: consent does, at every exchange and every
// read. It never opens a capsule: release does. It never writes a token, a code, a secret or a
// claim's value into a log or an error, and never redirects to an address that the vendor has not
// registered.
//
// It calls vendors by internal/egress alone: for their keys, request objects, descriptions and pictures, and to
// tell them of logouts.
//
// It is the only importer of zitadel/oidc. Imported by the api rooms and internal/app.
package provider
