package consent

import (
	"strconv"
	"testing"

	"github.com/meins-id/meins/internal/id"
)

func TestCache_staysWithinItsLimit_andKeepsTheNewest(t *testing.T) {
	c := newCache(3)
	for i := range 100 {
		g := id.Grant(strconv.Itoa(i))
		c.put(&known{grant: Grant{ID: g}})
		if c.get(g) == nil || len(c.grants) > 3 {
			t.Fatalf("after %d: %d kept", i, len(c.grants))
		}
	}
	c.put(&known{grant: Grant{ID: "99"}, state: "again"})
	if len(c.grants) != 3 || c.get("99").state != "again" {
		t.Error("putting the same again dropped another")
	}
}

// A state is taken from memory only for the very bytes that it was read from.
func TestJoin_changedState_isReadAgain(t *testing.T) {
	db := &database{cache: newCache(3)}
	terms, given := encodeTerms(sample()), encodeState(Grant{State: Given, Since: then})
	if g, err := db.join(sample().ID, nil, [][]byte{given, terms}); err != nil || g.State != Given {
		t.Fatal(g.State, err)
	}
	k := db.cache.get(sample().ID)
	for state, raw := range map[State][]byte{Given: given, Withdrawn: encodeState(Grant{State: Withdrawn, Since: then}), Revoked: encodeState(Grant{State: Revoked, Since: then})} {
		if g, err := db.join(sample().ID, k, [][]byte{raw}); err != nil || g.State != state {
			t.Errorf("%v: %v, %v", state, g.State, err)
		}
	}
	if _, err := db.join(sample().ID, k, [][]byte{nil}); err == nil {
		t.Error("a grant without a state serves")
	}
	if g, err := db.join(sample().ID, k, [][]byte{[]byte("garbage")}); err == nil || g != nil {
		t.Error("a grant with an unreadable state serves")
	}
}
