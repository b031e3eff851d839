// Package stolen holds the proof that a thief gets nothing: after a whole life of an account with
// values that can be recognised, no such value is found, in any spelling, in what lies on the disk,
// in a backup, in the log, in the metrics, in a page or in an answer that refuses something. And
// who has the database and the server's master key, too, opens no document and no capsule with any
// key that is there. Nobody imports this package.
package stolen
