// Package archtest owns the shape of the program: which room may import which, what stays behind
// one door, and how long a file, a function and an interface may be.
//
// The rules are the tables in rules.go, and each says why it is there. The test reads the source of
// the whole module and fails on what breaks one; a second test feeds each rule a source that breaks
// it, so that no rule is asleep. A new package needs a row in the table of rooms: where it stands is
// decided on purpose.
//
// It never runs in the program, and nothing imports it.
package archtest
