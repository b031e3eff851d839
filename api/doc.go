// Package api owns what HTTP meets: every route on one screen, and the middleware that each request
// passes.
//
// It never decides about identity or consent: the rooms behind it do. Imported by internal/app.
package api
