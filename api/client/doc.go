// Package client owns the Go client of the consent REST API, for programs that speak to a meins
// server on behalf of a customer or a vendor, and bring their own handling of keys.
//
// A customer's session is a cookie: give NewClientWithResponses an http.Client with a jar. A vendor, or a
// program with a token that its customer made, sets the Authorization header with WithRequestEditorFn; the
// examples show both ways to call. Every method comes with a …WithResponse twin, whose answer has a member
// for each status: JSON200 when all went well, ApplicationProblemJSONDefault when not.
//
// All of it is generated from api/openapi.yaml. It never opens or seals anything: vault/agent does,
// and most programs want that one.
//
// Imported by programs outside this module; imports nothing of the project.
package client

//go:generate sh -c "$(../../scripts/tool oapi-codegen) -config oapi.yaml ../openapi.yaml"
