// Package browser holds the tests in which a person would act: real Chromium against the real
// program, `meins demo` with its shop beside it, each in a data folder of its own.
//
// It never reaches into the program: what it knows is what a page shows, what the browser keeps and
// what goes over the wire. Each test ends with what must not have happened: an error in the console,
// a violation of the policy, a request to anybody else, a secret in the browser's storage.
//
// With MEINS_SHOTS=folder the walk over all pages leaves a picture of each, in both widths and
// colours. BenchmarkConsent_warm says how long a warm consent screen takes.
//
// Nothing imports it.
package browser
