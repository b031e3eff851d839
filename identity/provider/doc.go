// Package provider owns what a vendor's OpenID Connect or OAuth library talks to: discovery, keys,
// the authorization request, tokens, UserInfo, introspection, revocation and logout, and the few
// calls by which the customer's pages answer an authorization request.
//
// It keeps next to nothing. An authorization request travels sealed in the URL, codes and tokens
// are sealed blobs, and only four kinds of records exist: that a code was redeemed, that a family
// of refresh tokens lives, that something was revoked, that a client assertion was used (store.go).
//
// It never decides whether a vendor may have a claim: consent does, at every exchange and every
// read. It never opens a capsule: release does. It never writes a token, a code, a secret or a
// claim's value into a log or an error, and never redirects to an address that the vendor has not
// registered.
//
// It is the only importer of zitadel/oidc. Imported by the api rooms and internal/app.
package provider
