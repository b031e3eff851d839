// Package outbox keeps what vendors are still to be told. An event is written in the transaction of
// the change that it tells of, so that it exists if and only if the change does, and lies here, in
// order, until the vendor has acknowledged it. It also keeps, for the customer, what was told under
// each grant and when the vendor took note.
//
// It delivers nothing, signs nothing and knows no values: an event carries names of claims. For a
// vendor that does not listen nothing is written.
//
// Imported by consent and identity, which write, and by signal, which delivers.
package outbox
