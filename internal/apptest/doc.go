// Package apptest owns running the whole program for tests: the provider as a process of its own on
// loopback, with a data folder of its own, and customers whose agent speaks to it over HTTP.
//
// It never reaches into the program: what a test learns here, anybody on the network or with the
// disk could learn. The program is the test's own binary, started anew (see Main), so that nothing
// is built for it and the race detector watches the server too. Imported by the tests in the
// folders below, and by developers' programs.
package apptest
