// Package storetest owns the suite that every engine of internal/store must pass: one test of an
// engine calls Run and nothing else.
//
// The heart is a model check: random transactions run against the engine and against a map, and
// what each of them reads must be the same. Around it stand the promises that a map cannot show:
// snapshots, serializable concurrency, expiry, limits, and functions that fail, panic or end their
// goroutine.
//
// It never looks inside an engine and never measures time. Imported by the tests of the engines.
package storetest
