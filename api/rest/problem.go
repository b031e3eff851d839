package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
)

// problemBase is the start of every problem's type (RFC 9457); the fault's code follows.
const problemBase = "https://meins.id/problems/"

// WriteProblem answers with err's problem document: the code and the public text, never the cause.
func WriteProblem(w http.ResponseWriter, err error) {
	f := fault.Of(err)
	p := Problem{Type: problemBase + f.Code, Title: f.Text, Status: f.Kind.Status()}
	var bad *provider.BadRequest
	if errors.As(err, &bad) {
		p.Detail = bad.Why
	}
	var slow *identity.SlowDown
	if errors.As(err, &slow) {
		p.wait(w.Header(), slow.RetryAfter)
	}
	var fast tooFast
	if errors.As(err, &fast) {
		p.wait(w.Header(), fast.wait)
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}

// WriteMethodProblem answers a call by a method that its path does not take, with those that it does
// (RFC 9110, 15.5.6).
func WriteMethodProblem(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	const status = http.StatusMethodNotAllowed
	writeJSON(w, "application/problem+json", status, Problem{
		Type: problemBase + "method-unknown", Title: "this call does not take this method", Status: status,
	})
}

// fail answers with a problem, and logs what is our mistake or our trouble, once.
func (s *REST) fail(w http.ResponseWriter, r *http.Request, err error) {
	if f := fault.Of(err); f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		s.o.Log.ErrorContext(r.Context(), "call failed", "method", r.Method, "problem", f.Code, "error", err)
	}
	WriteProblem(w, err)
}

// answer writes out, or the problem.
func (s *REST) answer(w http.ResponseWriter, r *http.Request, status int, out any, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, "application/json", status, out)
}

// done answers that there is nothing more to say, or the problem.
func (s *REST) done(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, out any) {
	body, err := json.Marshal(out)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"type":"`+problemBase+`internal","title":"something went wrong on our side","status":500}`)
	}
	write(w, contentType, status, body)
}

// writeText answers with what is no JSON.
func writeText(w http.ResponseWriter, contentType, text string) {
	write(w, contentType, http.StatusOK, []byte(text))
}

func write(w http.ResponseWriter, contentType string, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have gone; nobody is left to tell
}
