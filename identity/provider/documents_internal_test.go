package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/egress"
)

// shelf is where documents are kept, four of each kind, and how often each address was asked.
type shelf struct {
	*documents
	t     *testing.T
	asked map[string]int
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := shelf{newDocuments(egress.New(egress.Options{}), func() time.Time { return now }), t, map[string]int{}}
	s.most = 4
	s.get = func(_ context.Context, address string, _ http.Header, _ int64) (egress.Answer, error) {
		s.asked[address]++
		if strings.HasPrefix(address, "nothing") {
			return egress.Answer{}, errors.New("there is nothing")
		}
		return egress.Answer{Status: http.StatusOK, Body: []byte(address)}, nil
	}
	return s
}

func (s shelf) reads(address string) {
	s.t.Helper()
	body, err := s.read(s.t.Context(), wish{address: address, check: func([]byte) error { return nil }})
	if strings.HasPrefix(address, "nothing") != (err != nil) || err == nil && string(body) != address {
		s.t.Errorf("%s: %q, %v", address, body, err)
	}
	if len(s.kept) > s.most || len(s.tried) > s.most {
		s.t.Errorf("%d and %d are kept", len(s.kept), len(s.tried))
	}
}

func TestDocuments_thatServed_areDisplacedByNoAddressWhereNothingStands(t *testing.T) {
	s := newShelf(t)
	for i := range 4 {
		s.reads(fmt.Sprintf("vendor %d", i))
	}
	for i := range 100 {
		s.reads(fmt.Sprintf("nothing %d", i))
	}
	for i := range 4 {
		s.reads(fmt.Sprintf("vendor %d", i))
	}
	for address, n := range s.asked {
		if n != 1 {
			t.Errorf("%s was asked %d times", address, n)
		}
	}
}

func TestDocuments_thatAreUsed_outlastThoseThatServedOnce(t *testing.T) {
	s := newShelf(t)
	s.reads("vendor")
	for i := range 100 {
		s.reads(fmt.Sprintf("one of many %d", i))
		s.reads("vendor")
	}
	if n := s.asked["vendor"]; n != 1 {
		t.Errorf("what is in use was asked for %d times", n)
	}
	if s.reads("one of many 0"); s.asked["one of many 0"] != 2 {
		t.Error("all are kept, however many there are")
	}
}
