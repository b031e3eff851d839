// Package app owns the program: the command line, the configuration, the log, the metrics, and the
// wiring of the rooms into one running server.
//
// It never decides anything about identity or consent; it reads settings, opens things in order,
// and closes them in reverse. Imported by cmd/meins and by the tests that run the whole program.
package app
