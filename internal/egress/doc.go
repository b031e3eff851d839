// Package egress owns every request that goes out to an address which a stranger chose: where a
// vendor keeps its keys, where it wants its events. It reaches the public internet over https and
// nothing else. What an address means is settled when the connection is made, after the name was
// resolved, and again at each redirect, so that no name leads into the operator's own network.
//
// It never follows a redirect of a request that carries something, never uses a proxy from the
// environment (which would resolve names for us, unseen), and never reads more than it was told to.
//
// Imported by the rooms that speak to vendors; imports nothing of the project but internal/fault.
package egress
