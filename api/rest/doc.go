// Package rest owns the consent REST API on the server: it parses what the customer's agent and the
// pages send, makes one call of the domain, and writes the answer or a problem document.
//
// Routes and types come from api/openapi.yaml (rest.gen.go). It never decides anything, never sees a
// value of a vault, and never logs or returns a secret.
//
// Imported by api, which mounts it; imports identity, identity/provider, consent and vault.
package rest

//go:generate sh -c "$(../../scripts/tool oapi-codegen) -config oapi.yaml ../openapi.yaml"
