// Package conformance sends to the whole program what the modules of the OpenID Foundation's plans for
// OpenID providers send, and asserts what they assert, each under the module's own name. It is written
// after the specifications and the suite's behaviour; docs/conformance.md says which module is held
// where. Nobody imports this package.
package conformance
