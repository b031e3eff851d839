package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

// readOnce lets a vendor read under a new grant, and says whose it is.
func readOnce(t *testing.T, n *node) (id.Account, id.Grant) {
	t.Helper()
	client := id.New[id.Client]()
	ask, err := consent.NewAsk(consent.Request{Party: consent.Party{Client: client, Name: "Shop"}, Scopes: []string{"openid", "email"}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := n.consent.Approve(t.Context(), consent.Approval{
		Account: id.New[id.Account](), Persona: id.New[id.Persona](), Grant: id.New[id.Grant](), Ask: ask, Digest: ask.Digest(),
		Choices: ask.Choose("email"), Capsule: []byte("sealed"), Wrapped: []byte("wrapped"), Locale: "en",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.consent.Permit(t.Context(), consent.Reading{Grant: g.ID, Client: client, Claims: []string{"email"}, Kind: consent.KindUserInfo}); err != nil {
		t.Fatal(err)
	}
	return g.Account, g.ID
}

func TestServer_requestThatNeverEnds_costsNoRecordOfARead(t *testing.T) {
	o := nodeOptions{data: t.TempDir(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	n, err := openNode(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	began, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(began)
		<-end
	}))
	go func() {
		if resp, err := http.Get(hanging.URL); err == nil { //nolint:noctx // it ends with the server
			_ = resp.Body.Close()
		}
	}()
	<-began
	account, grant := readOnce(t, n)

	s := &server{node: n, servers: []*http.Server{hanging.Config}, grace: time.Millisecond, stop: func() {}}
	if err := s.close(t.Context()); err == nil {
		t.Error("nobody is told that a request was cut off")
	}
	if n, err = openNode(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	reads, _, err := n.consent.Reads(t.Context(), account, grant, "", 0)
	if err != nil || len(reads) != 1 {
		t.Errorf("reads: %v, %v", reads, err)
	}
	if err := n.close(context.Background()); err != nil {
		t.Error(err)
	}
}
