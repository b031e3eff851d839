package apptest

import (
	"context"
	"net"
	"testing"
)

func TestReserve_keepsTheAddressFromOthers_untilItIsReleased(t *testing.T) {
	t.Parallel()
	address, release, err := Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reserve(t.Context(), address); err == nil {
		t.Error("another gets it before its program listens")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("who has it cannot listen: %v", err)
	}
	release()
	if _, err := reserve(t.Context(), address); err == nil {
		t.Error("another gets it while a program listens")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	release, err = reserve(context.Background(), address)
	if err != nil {
		t.Fatalf("nobody gets it again: %v", err)
	}
	release()
}
