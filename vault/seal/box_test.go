package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/vault/seal"
)

// form is one of the ways to seal; every property holds for each.
type form struct {
	name     string
	overhead int
	seal     func(seal.Key, seal.Context, []byte) []byte
	open     func(seal.Key, seal.Context, []byte) ([]byte, error)
}

func forms() []form {
	return []form{
		{"box", seal.Overhead, seal.Seal, seal.Open},
		{
			"cached box", seal.Overhead,
			func(k seal.Key, c seal.Context, p []byte) []byte { return seal.NewBox(k).Seal(c, p) },
			func(k seal.Key, c seal.Context, b []byte) ([]byte, error) { return seal.NewBox(k).Open(c, b) },
		},
		{"committing", seal.CommittingOverhead, seal.SealCommitting, seal.OpenCommitting},
	}
}

var someContext = seal.Context{Purpose: "capsule", Account: "someaccount", Object: "somegrant", Revision: 7}

func drawContext(t *rapid.T) seal.Context {
	return seal.Context{
		Purpose:  rapid.StringN(1, -1, 40).Draw(t, "purpose"),
		Account:  rapid.StringN(0, -1, 40).Draw(t, "account"),
		Object:   rapid.StringN(0, -1, 40).Draw(t, "object"),
		Revision: rapid.Uint64().Draw(t, "revision"),
	}
}

func TestSeal_anyPlaintextAndContext_opensAgain(t *testing.T) {
	for _, f := range forms() {
		t.Run(f.name, rapid.MakeCheck(func(t *rapid.T) {
			k, c := seal.NewKey(), drawContext(t)
			plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
			box := f.seal(k, c, plaintext)
			if len(box) != len(plaintext)+f.overhead {
				t.Fatalf("%d bytes became %d", len(plaintext), len(box))
			}
			before := bytes.Clone(box)
			got, err := f.open(k, c, box)
			if err != nil || !bytes.Equal(got, plaintext) {
				t.Fatalf("opened %x, %v", got, err)
			}
			if !bytes.Equal(box, before) {
				t.Fatal("opening changed the box")
			}
			if cap(got) != len(got) || cap(box) != len(box) {
				t.Fatal("an append would write over what lies behind")
			}
		}))
	}
}

func TestOpen_anotherContext_isRefused(t *testing.T) {
	for _, f := range forms() {
		t.Run(f.name, rapid.MakeCheck(func(t *rapid.T) {
			k, sealed, asked := seal.NewKey(), drawContext(t), drawContext(t)
			if _, err := f.open(k, asked, f.seal(k, sealed, []byte("x"))); (err == nil) != (sealed == asked) {
				t.Fatalf("sealed as %+v, opened as %+v: %v", sealed, asked, err)
			}
		}))
	}
}

func TestOpen_oneFieldOfTheContextWrong_isRefused(t *testing.T) {
	wrong := map[string]seal.Context{}
	for field, change := range map[string]func(*seal.Context){
		"purpose":   func(c *seal.Context) { c.Purpose = "document" },
		"account":   func(c *seal.Context) { c.Account = "otheraccount" },
		"object":    func(c *seal.Context) { c.Object = "othergrant" },
		"revision":  func(c *seal.Context) { c.Revision = 6 },
		"shifted":   func(c *seal.Context) { c.Account, c.Object = c.Account+"s", c.Object[1:] },
		"swapped":   func(c *seal.Context) { c.Account, c.Object = c.Object, c.Account },
		"no object": func(c *seal.Context) { c.Object = "" },
		"empty":     func(c *seal.Context) { *c = seal.Context{} },
	} {
		c := someContext
		change(&c)
		wrong[field] = c
	}
	k := seal.NewKey()
	for _, f := range forms() {
		box := f.seal(k, someContext, []byte("secret"))
		for field, c := range wrong {
			if got, err := f.open(k, c, box); !errors.Is(err, seal.ErrOpen) || got != nil {
				t.Errorf("%s: wrong %s: %q, %v", f.name, field, got, err)
			}
		}
	}
}

func TestOpen_anyBitFlipped_isRefused(t *testing.T) {
	k := seal.NewKey()
	for _, f := range forms() {
		box := f.seal(k, someContext, []byte("secret"))
		for i := range len(box) * 8 {
			bad := bytes.Clone(box)
			bad[i/8] ^= 1 << (i % 8)
			if got, err := f.open(k, someContext, bad); !errors.Is(err, seal.ErrOpen) || got != nil {
				t.Errorf("%s: bit %d flipped: %q, %v", f.name, i, got, err)
			}
		}
	}
}

func TestOpen_truncatedOrExtended_isRefused(t *testing.T) {
	k := seal.NewKey()
	for _, f := range forms() {
		box := f.seal(k, someContext, []byte("secret"))
		for n := range box {
			if _, err := f.open(k, someContext, box[:n]); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %d of %d bytes: %v", f.name, n, len(box), err)
			}
		}
		if _, err := f.open(k, someContext, append(box, 0)); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: one byte more: %v", f.name, err)
		}
	}
}

func TestOpen_anotherFormat_saysSo(t *testing.T) {
	k := seal.NewKey()
	for _, f := range forms() {
		box := f.seal(k, someContext, []byte("secret"))
		own := box[0]
		for v := range 256 {
			box[0] = byte(v)
			_, err := f.open(k, someContext, box)
			if want := byte(v) != own; errors.Is(err, seal.ErrVersion) != want || (err != nil) != want {
				t.Errorf("%s: first byte %d: %v", f.name, v, err)
			}
		}
	}
}

func TestOpen_wrongOrZeroKey_isRefused(t *testing.T) {
	for _, f := range forms() {
		box := f.seal(seal.NewKey(), someContext, []byte("secret"))
		for _, k := range []seal.Key{seal.NewKey(), {}} {
			if got, err := f.open(k, someContext, box); !errors.Is(err, seal.ErrOpen) || got != nil {
				t.Errorf("%s: %q, %v", f.name, got, err)
			}
		}
	}
	if _, err := new(seal.Box).Open(someContext, []byte{1}); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("zero box: %v", err)
	}
}

func TestSeal_zeroKeyOrNoPurpose_panics(t *testing.T) {
	for _, f := range forms() {
		mustPanic(t, f.name+" zero key", func() { f.seal(seal.Key{}, someContext, nil) })
		mustPanic(t, f.name+" no purpose", func() { f.seal(seal.NewKey(), seal.Context{Account: "a"}, nil) })
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestSeal_twice_isNeverTheSame(t *testing.T) {
	k := seal.NewKey()
	for _, f := range forms() {
		if bytes.Equal(f.seal(k, someContext, []byte("x")), f.seal(k, someContext, []byte("x"))) {
			t.Errorf("%s: the same bytes twice", f.name)
		}
	}
}

func TestBox_isTheSameFormatAsSeal_underConcurrentUse(t *testing.T) {
	k := seal.NewKey()
	box := seal.NewBox(k)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				c := seal.Context{Purpose: fmt.Sprint("p", j%5), Object: fmt.Sprint(i)}
				if got, err := seal.Open(k, c, box.Seal(c, []byte("x"))); err != nil || string(got) != "x" {
					t.Errorf("Open: %v", err)
				}
				if got, err := box.Open(c, seal.Seal(k, c, []byte("y"))); err != nil || string(got) != "y" {
					t.Errorf("Box.Open: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
