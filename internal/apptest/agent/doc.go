// Package agent holds the tests of vault/agent against everything real but the sockets: accounts,
// vaults, consent and the provider on a store in a temporary folder. They are not beside the agent
// because nothing in vault may import a store, its tests neither.
//
// Nothing imports it.
package agent
