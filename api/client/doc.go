// Package client owns the Go client of the consent REST API, for programs that speak to a meins
// server on behalf of a customer and bring their own handling of keys.
//
// All of it is generated from api/openapi.yaml. It never opens or seals anything: vault/agent does,
// and most programs want that one.
//
// Imported by programs outside this module; imports nothing of the project.
package client

//go:generate sh -c "$(../../scripts/tool oapi-codegen) -config oapi.yaml ../openapi.yaml"
