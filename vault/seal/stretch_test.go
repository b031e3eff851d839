package seal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault/seal"
)

// weakest is the least that the agent accepts.
func weakest() seal.Stretch {
	s := seal.NewStretch()
	s.Memory, s.Time = 19*1024, 2
	return s
}

func TestNewStretch_isAsDesigned_andValid(t *testing.T) {
	s := seal.NewStretch()
	if s.Memory != 64*1024 || s.Time != 3 || s.Threads != 1 || len(s.Salt) != 16 || s.Validate() != nil {
		t.Errorf("%+v", s)
	}
	if string(s.Salt) == string(seal.NewStretch().Salt) {
		t.Error("the same salt twice")
	}
}

func TestStretch_outsideTheBounds_isRefusedBeforeAnyWork(t *testing.T) {
	for what, change := range map[string]func(*seal.Stretch){
		"less memory":     func(s *seal.Stretch) { s.Memory-- },
		"one pass":        func(s *seal.Stretch) { s.Time = 1 },
		"no pass":         func(s *seal.Stretch) { s.Time = 0 },
		"two lanes":       func(s *seal.Stretch) { s.Threads = 2 },
		"no lane":         func(s *seal.Stretch) { s.Threads = 0 },
		"absurd memory":   func(s *seal.Stretch) { s.Memory = 1<<20 + 1 },
		"all the memory":  func(s *seal.Stretch) { s.Memory = 1<<32 - 1 },
		"absurd passes":   func(s *seal.Stretch) { s.Time = 21 },
		"no salt":         func(s *seal.Stretch) { s.Salt = nil },
		"short salt":      func(s *seal.Stretch) { s.Salt = s.Salt[1:] },
		"long salt":       func(s *seal.Stretch) { s.Salt = append(s.Salt, 0) },
		"nothing at all":  func(s *seal.Stretch) { *s = seal.Stretch{} },
		"only a low time": func(s *seal.Stretch) { s.Memory, s.Time = 64*1024, 1 },
	} {
		s := weakest()
		change(&s)
		if err := s.Validate(); !errors.Is(err, seal.ErrStretch) {
			t.Errorf("%s: Validate: %v", what, err)
		}
		if k, err := s.Run("correct horse"); !errors.Is(err, seal.ErrStretch) || !k.IsZero() {
			t.Errorf("%s: Run: %v", what, err)
		}
	}
	for _, s := range []seal.Stretch{weakest(), {Memory: 1 << 20, Time: 20, Threads: 1, Salt: make([]byte, 16)}} {
		if err := s.Validate(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestRun_whatIsNoPassphrase_isRefused(t *testing.T) {
	for _, pass := range []string{"", strings.Repeat("x", 1025), "caf\xe9"} {
		if k, err := weakest().Run(pass); !errors.Is(err, seal.ErrPassphrase) || !k.IsZero() {
			t.Errorf("%q: %v", pass, err)
		}
	}
}

func TestRun_theSameTextTypedOtherwise_isTheSameKey(t *testing.T) {
	s := weakest()
	want := run(t, s, "Caf\u00e9 \ufb01n 12")
	if !want.Equal(run(t, s, "Cafe\u0301 fin 12")) {
		t.Error("composed and decomposed give different keys")
	}
	if want.Equal(run(t, s, "Cafe fin 12")) || want.Equal(run(t, weakest(), "Caf\u00e9 \ufb01n 12")) {
		t.Error("another passphrase or salt gives the same key")
	}
}

func run(t *testing.T, s seal.Stretch, pass string) seal.Key {
	t.Helper()
	k, err := s.Run(pass)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
