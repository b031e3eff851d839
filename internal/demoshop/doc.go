// Package demoshop owns the demo vendor: a small flower shop that signs customers in with any
// OpenID Connect provider.
//
// It is an ordinary relying party built on coreos/go-oidc and x/oauth2, and on purpose imports
// nothing of the project: what works here works for every vendor. It keeps its sessions in memory
// and asks the provider anew each time it shows a customer's data. Imported by internal/app, which
// runs it as a process of its own.
package demoshop
