// Package repeat owns what makes a change that is asked for twice happen once: whoever names a call with a
// key of its own gets, when it asks again with that key, the first answer, and nothing is done again. It
// holds on every node and through a crash, because the record of the call is written in the transaction
// of the change.
//
// It never knows what a call is about, and never keeps an answer that shows a secret. Used by api/rest;
// internal/app puts its Store between the domain and the engine.
package repeat
