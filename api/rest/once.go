package rest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/repeat"
)

// keyed is a call that its caller may name (Idempotency-Key), so that asking again does not do it again.
type keyed struct {
	who    string // the caller, by kind and identifier
	name   string
	in     any  // all that was asked
	status int  // of success
	secret bool // the answer shows a secret
}

func byVendor(client id.Client) string    { return "vendor/" + string(client) }
func byAccount(account id.Account) string { return "account/" + string(account) }

// once makes a change, or repeats what was answered to the same request with the same key. Out is what the
// answer is made of; a nil one is an answer without a body.
func once[Out any](s *REST, w http.ResponseWriter, r *http.Request, c keyed, do func(context.Context) (Out, error)) {
	call, named, err := c.call(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answered := func(ctx context.Context) (repeat.Answer, error) {
		out, err := do(ctx)
		if err != nil {
			return repeat.Answer{}, err
		}
		a := repeat.Answer{Status: c.status, Secret: c.secret}
		if c.status != http.StatusNoContent {
			a.Body, err = json.Marshal(out)
		}
		return a, err
	}
	var a repeat.Answer
	if named {
		a, err = s.o.Calls.Once(r.Context(), call, answered)
	} else {
		a, err = answered(r.Context())
	}
	switch {
	case err != nil:
		s.fail(w, r, err)
	case a.Status == http.StatusNoContent:
		s.done(w, r, nil)
	default:
		write(w, "application/json", a.Status, a.Body)
	}
}

// call reads the name that the caller gave, if any.
func (c keyed) call(r *http.Request) (call repeat.Call, named bool, err error) {
	header := r.Header.Values("Idempotency-Key")
	if len(header) == 0 {
		return repeat.Call{}, false, nil
	}
	key, err := repeat.ParseKey(header[0])
	if err != nil || len(header) > 1 {
		return repeat.Call{}, false, repeat.ErrKey
	}
	asked, err := json.Marshal(c.in)
	if err != nil {
		return repeat.Call{}, false, errBody.Because(err)
	}
	print := sha256.Sum256(append([]byte(r.URL.RequestURI()+"\x00"), asked...))
	return repeat.Call{Caller: c.who, Name: c.name, Key: key, Print: print[:]}, true, nil
}
