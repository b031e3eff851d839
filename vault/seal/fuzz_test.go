package seal_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/meins-id/meins/vault/seal"
)

// FuzzOpen feeds bytes that nobody sealed under this key: none may open, and none may panic.
func FuzzOpen(f *testing.F) {
	k := seal.NewKey()
	other := seal.NewKey()
	f.Add([]byte{}, "capsule", "a", "g", uint64(1))
	f.Add([]byte{1}, "capsule", "", "", uint64(0))
	f.Add(seal.Seal(other, someContext, []byte("x")), someContext.Purpose, someContext.Account, someContext.Object, someContext.Revision)
	f.Add(seal.SealCommitting(other, someContext, nil), someContext.Purpose, someContext.Account, someContext.Object, someContext.Revision)
	f.Fuzz(func(t *testing.T, box []byte, purpose, account, object string, revision uint64) {
		c := seal.Context{Purpose: purpose, Account: account, Object: object, Revision: revision}
		if _, err := seal.Open(k, c, box); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("Open: %v", err)
		}
		if _, err := seal.OpenCommitting(k, c, box); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("OpenCommitting: %v", err)
		}
	})
}

// FuzzStretchValidate reads parameters as a hostile server sends them: what passes is within bounds.
func FuzzStretchValidate(f *testing.F) {
	f.Add([]byte(`{"m":65536,"t":3,"p":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`))
	f.Add([]byte(`{"m":19455,"t":2,"p":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`))
	f.Add([]byte(`{"m":-1,"t":2,"p":257,"salt":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s seal.Stretch
		if json.Unmarshal(data, &s) != nil {
			return
		}
		within := s.Memory >= 19456 && s.Memory <= 1<<20 && s.Time >= 2 && s.Time <= 20 && s.Threads == 1 && len(s.Salt) == 16
		if (s.Validate() == nil) != within {
			t.Errorf("%+v: %v", s, s.Validate())
		}
	})
}
