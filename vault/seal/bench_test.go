package seal_test

import (
	"testing"

	"github.com/meins-id/meins/vault/seal"
)

var benchPlaintext = make([]byte, 256)

func BenchmarkBoxSeal(b *testing.B) {
	box := seal.NewBox(seal.NewKey())
	b.ReportAllocs()
	for b.Loop() {
		box.Seal(someContext, benchPlaintext)
	}
}

func BenchmarkBoxOpen(b *testing.B) {
	box := seal.NewBox(seal.NewKey())
	sealed := box.Seal(someContext, benchPlaintext)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.Open(someContext, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k := seal.NewKey()
	sealed := seal.Seal(k, someContext, benchPlaintext)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seal.Open(k, someContext, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenCommitting(b *testing.B) {
	k := seal.NewKey()
	sealed := seal.SealCommitting(k, someContext, benchPlaintext)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seal.OpenCommitting(k, someContext, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStretch(b *testing.B) {
	s := seal.NewStretch()
	for b.Loop() {
		if _, err := s.Run("correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
