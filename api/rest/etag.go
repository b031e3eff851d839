package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/meins-id/meins/internal/fault"
)

// tagged names what a GET answers, and does not send it again to who has it (RFC 9110, 13.1.2). The name
// is of the bytes: it says the same on every node, and nothing has to be kept.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&tagger{ResponseWriter: w, known: r.Header.Values("If-None-Match")}, r)
	})
}

// tagger looks at an answer that comes in one piece, as JSON does here. What is written bit by bit passes.
type tagger struct {
	http.ResponseWriter
	known  []string
	status int // held back until the answer is there
}

// WriteHeader holds the status of what can be named.
func (t *tagger) WriteHeader(status int) {
	if status == http.StatusOK && strings.HasSuffix(t.Header().Get("Content-Type"), "json") {
		t.status = status
		return
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write names the answer, and leaves it out where it is known.
func (t *tagger) Write(body []byte) (int, error) {
	if t.status == 0 {
		return t.ResponseWriter.Write(body)
	}
	tag := tagOf(body)
	t.Header().Set("ETag", tag)
	status := t.status
	t.status = 0
	if matches(t.known, tag) {
		t.Header().Del("Content-Type")
		t.ResponseWriter.WriteHeader(http.StatusNotModified)
		return len(body), nil
	}
	t.ResponseWriter.WriteHeader(status)
	return t.ResponseWriter.Write(body)
}

// tagOf names an answer.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

var errChanged = fault.New(fault.Stale, "precondition-failed", "this was changed since you read it; read it again")

// unchanged holds If-Match: what is to be replaced must still be what the caller read (RFC 9110, 13.1.1).
// It is asked in the transaction of the change where there is one, with what GET would answer now.
func unchanged(r *http.Request, now any) error {
	known := r.Header.Values("If-Match")
	if len(known) == 0 {
		return nil
	}
	body, err := json.Marshal(now)
	if err != nil {
		return errChanged.Because(err)
	}
	tag := tagOf(body)
	for _, header := range known {
		for one := range strings.SplitSeq(header, ",") {
			if one = strings.TrimSpace(one); one == tag || one == "*" { // a weak one never matches here
				return nil
			}
		}
	}
	return errChanged
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tagger) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}
