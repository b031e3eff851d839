// Package attack holds the attacks that the program withstands, each against the whole of it: a
// process of its own, over HTTP, as anybody on the network could try. A test's name is the sentence
// that it proves.
//
// Its customers are of the attacker's making: no agent looks after what they send, and no passphrase
// is stretched for them. Nobody imports this package.
package attack
