package signal

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/outbox"
)

func (w *world) vendorCalled(name string) identity.Vendor {
	return identity.Vendor{Name: name, RedirectURIs: []string{"https://other.example/cb"}}
}

func TestCreate_configurationThatCannotBe_isRefused(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		config Config
		want   error
	}{
		"no method":                {Config{}, ErrStream},
		"a method of its own":      {Config{Method: "urn:x"}, ErrStream},
		"push to nowhere":          {Config{Method: Push}, ErrEndpoint},
		"push over plain http":     {Config{Method: Push, Endpoint: "http://flowers.example/events"}, ErrEndpoint},
		"push to a file":           {Config{Method: Push, Endpoint: "file:///etc/passwd"}, ErrEndpoint},
		"push with a password":     {Config{Method: Push, Endpoint: "https://a:b@flowers.example/"}, ErrEndpoint},
		"poll with an address":     {Config{Method: Poll, Endpoint: "https://flowers.example"}, ErrStream},
		"a header in the header":   {Config{Method: Push, Endpoint: "https://flowers.example", Authorization: "x\r\nX-Evil: 1"}, ErrStream},
		"a description of pages":   {Config{Method: Poll, Description: strings.Repeat("x", maxDescription+1)}, ErrStream},
		"a description that beeps": {Config{Method: Poll, Description: "\a"}, ErrStream},
		"requests without end":     {Config{Method: Poll, Requested: make([]string, maxRequested+1)}, ErrStream},
	} {
		if _, err := w.Create(t.Context(), w.vendor.ID, c.config); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Stream(t.Context(), w.vendor.ID); !errors.Is(err, ErrNoStream) {
		t.Errorf("a stream is there: %v", err)
	}
}

func TestCreate_secondStream_isRefused(t *testing.T) {
	w := newWorld(t)
	w.listens(t, Config{Method: Poll})
	if _, err := w.Create(t.Context(), w.vendor.ID, Config{Method: Poll}); !errors.Is(err, ErrStreamExists) {
		t.Error(err)
	}
}

func TestStream_typesThatNobodyKnows_areKeptAndNotDelivered(t *testing.T) {
	w := newWorld(t)
	unknown := "https://example.org/unknown"
	s := w.listens(t, Config{Method: Poll, Requested: []string{unknown, uris[outbox.GrantWithdrawn]}})
	if !slices.Equal(s.Delivered(), []string{uris[outbox.GrantWithdrawn]}) || !slices.Contains(s.Requested, unknown) {
		t.Errorf("requested %v, delivered %v", s.Requested, s.Delivered())
	}
	w.happens(t, outbox.GrantGiven)
	e := w.happens(t, outbox.GrantWithdrawn)
	if answer := w.poll(t, s, PollRequest{Max: -1}); len(answer.Sets) != 1 || answer.Sets[e.ID] == "" {
		t.Errorf("%d events", len(answer.Sets))
	}
	s, err := w.Configure(t.Context(), w.vendor.ID, s.ID, always(Config{Method: Poll}))
	if err != nil || !slices.Equal(s.Delivered(), Supported()) {
		t.Errorf("all are delivered after asking for none: %v %v", s.Delivered(), err)
	}
}

func TestVerify_repeatsTheState_andNotTooOften(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	if err := w.Verify(t.Context(), w.vendor.ID, s.ID, "abc"); err != nil {
		t.Fatal(err)
	}
	if err := w.Verify(t.Context(), w.vendor.ID, s.ID, "def"); !errors.Is(err, ErrTooSoon) {
		t.Errorf("at once again: %v", err)
	}
	w.advance(MinVerification)
	if err := w.Verify(t.Context(), w.vendor.ID, s.ID, ""); err != nil {
		t.Error(err)
	}
	states := []any{}
	for _, text := range w.poll(t, s, PollRequest{Max: -1}).Sets {
		token := w.opened(t, text)
		if token.Subject != (subject{Format: "opaque", ID: string(s.ID)}) {
			t.Errorf("about %+v", token.Subject)
		}
		states = append(states, payloadOf(t, token, outbox.Verification)["state"])
	}
	if len(states) != 2 || !slices.Contains(states, any("abc")) || !slices.Contains(states, any(nil)) {
		t.Errorf("states %v", states)
	}
	if told := w.told(t); len(told) != 0 {
		t.Errorf("the customer sees %v", told)
	}
}

func TestVerify_disabledStream_isRefused(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	if _, err := w.SetStatus(t.Context(), w.vendor.ID, s.ID, Disabled, ""); err != nil {
		t.Fatal(err)
	}
	if err := w.Verify(t.Context(), w.vendor.ID, s.ID, ""); !errors.Is(err, ErrDisabled) {
		t.Error(err)
	}
	if _, err := w.SetStatus(t.Context(), w.vendor.ID, s.ID, "open", ""); !errors.Is(err, ErrStatus) {
		t.Error(err)
	}
}

func TestDelete_streamIsGone_andNothingIsTold(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	w.happens(t, outbox.GrantGiven)
	if err := w.Delete(t.Context(), w.vendor.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	w.happens(t, outbox.GrantGiven)
	again := w.listens(t, Config{Method: Poll})
	if answer := w.poll(t, again, PollRequest{Max: -1}); len(answer.Sets) != 0 {
		t.Errorf("%d events of before", len(answer.Sets))
	}
	if err := w.Forget(t.Context(), w.vendor.ID); err != nil {
		t.Error(err)
	}
	if err := w.Forget(t.Context(), w.vendor.ID); err != nil {
		t.Errorf("a vendor without a stream: %v", err)
	}
}

func TestMetadata_everyTypeHasAnAddress(t *testing.T) {
	for _, k := range append(slices.Clone(kinds), outbox.Verification, outbox.StreamUpdated) {
		if uris[k] == "" {
			t.Errorf("%s has none", k)
		}
	}
	if len(uris) != len(kinds)+2 {
		t.Errorf("%d addresses", len(uris))
	}
}
