// Package store owns the one thing that every engine offers: an ordered key-value store with
// serializable transactions. Everything is found by key, and values that matter are sealed before
// they come here.
//
// It never knows what a key means. Each domain package has one store.go that turns transactions
// into named atomic steps; nothing else touches keys. The engines live in bolt (and later
// postgres), the suite that every engine must pass in storetest.
package store
