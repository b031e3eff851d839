// Package reference owns the description of the REST API as programs and people read it: openapi.yaml
// as JSON, and the page that shows it.
//
// Both are made once, when the program starts, and are the same for everybody. It never sees a
// customer, a session or a secret.
//
// Imported by api, which mounts it; imports nothing of the project.
package reference
