package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/apptest"
)

// last are the calls that end what the others need.
var last = []string{"deleteRequest", "deleteToken", "renewGrant", "approveFlow", "revokeVendorGrant", "withdrawGrant", "deleteAccount", "deleteStream", "logoutEverywhere", "logout"}

// proving are the calls that want the proof of a secret, or what can be there only once: drawing does
// not find that.
var proving = []string{
	"signUp", "login", "reauthenticate", "changePassphrase", "replaceRecovery", "renewSlots", "deleteAccount", "createToken", "createStream", "resumeFlow", "narrowGrant", "failFlow", "verifyStream", "approveFlow", "answerErasure", "replaceStream", "answerVendorErasure", "getVendorErasure", "denyRequest",
}

// rounds are of a hundred requests each: one, and more for a call that nothing served yet.
const rounds = 4

// TestEveryCall_answersOnlyWhatIsDescribed sends each call what its description permits and what it
// does not, as anybody, and holds every answer to the description.
func TestEveryCall_answersOnlyWhatIsDescribed(t *testing.T) {
	// What fails here depends on all that came before: it cannot be found again from a file, nor be made small.
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "1s"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p := apptest.Start(t)
	w := newWorld(t, p)
	w.description = described(t, p)
	all := w.operations()
	slices.SortStableFunc(all, func(a, b operation) int { return slices.Index(last, a.ID) - slices.Index(last, b.ID) })
	for _, o := range all {
		t.Run(o.ID, func(t *testing.T) {
			for round := range rounds {
				if round > 0 && (w.served[o.ID] || slices.Contains(proving, o.ID)) {
					break
				}
				rapid.Check(t, func(rt *rapid.T) { w.try(rt, o) })
			}
			if !w.served[o.ID] && !slices.Contains(proving, o.ID) {
				t.Errorf("nothing was ever served: %v", w.seen[o.ID])
			}
		})
	}
	if log := p.Log(); strings.Contains(log, "panic") || strings.Contains(log, "marker") {
		t.Error("the log tells of a panic, or of a value")
	}
}

// try makes one call, and looks at what comes back.
func (w *world) try(rt *rapid.T, o operation) {
	d := &drawer{description: w.description, rt: rt, known: w.known}
	who := rapid.SampledFrom([]string{"nobody", "session", "session", "vendor", "vendor", "rubbish", "program", "both", "both", "both"}).Draw(rt, "who")
	path, strange := d.path(o)
	text := ""
	if o.Body != nil || rapid.IntRange(0, 9).Draw(rt, "unasked body") == 0 {
		text = "{}"
	}
	if o.Body != nil {
		text = d.body(o.Body)
	}
	if o.ID == "pollStream" && strings.HasPrefix(text, `{"`) {
		text = `{"returnImmediately":true,` + text[1:] // it waits, else
	}
	r := w.request(rt, o, path, text, who)
	a, err := w.send(r, who)
	if err != nil {
		rt.Fatalf("%s %s: %v", o.Method, path, err)
	}
	w.saw(o.ID, a)
	if problems := w.judge(o, a, who, strange); len(problems) > 0 {
		rt.Fatalf("%s %s as %s with %.300s\nanswered %d %.600s\n%s", o.Method, path, who, text, a.Status, a.Body, strings.Join(problems, "\n"))
	}
}

// headers are what calls may take in one: some good, some not.
var headers = map[string][]string{
	"If-Match":        {"*", "*", `"other"`, `W/"x", "y"`, "", "ä"},
	"Idempotency-Key": {`"once"`, "twice", "", `"`, "two words", strings.Repeat("k", 300), "ä"},
}

func (w *world) request(rt *rapid.T, o operation, path, text, who string) *http.Request {
	r, err := http.NewRequestWithContext(w.t.Context(), o.Method, w.p.Issuer+"/api/v1"+path, strings.NewReader(text))
	if err != nil {
		rt.Fatalf("%v", err)
	}
	if text != "" {
		r.Header.Set("Content-Type", rapid.SampledFrom([]string{apptest.JSON, apptest.JSON, apptest.JSON, apptest.JSON, apptest.JSON + "; charset=utf-8", apptest.Form, "", "text/plain"}).Draw(rt, "type"))
	}
	if o.ID == "getReceipt" {
		r.Header.Set("Accept", rapid.SampledFrom([]string{"", "*/*", "application/json", "application/ld+json", "application/vnd.kantara.cr+json", "application/jwt;q=0", "text/html", ";", "application/json;q=x"}).Draw(rt, "accept"))
	}
	for _, q := range o.Params {
		if values := headers[q.Name]; q.In == "header" && rapid.IntRange(0, 4).Draw(rt, q.Name) == 0 {
			if len(values) == 0 {
				rt.Fatalf("no values for %s", q.Name)
			}
			r.Header.Set(q.Name, rapid.SampledFrom(values).Draw(rt, "header"))
		}
	}
	switch who {
	case "vendor", "both":
		r.Header.Set("Authorization", "Bearer "+w.token)
	case "program":
		r.Header.Set("Authorization", "Bearer "+w.program)
	case "rubbish":
		r.Header.Set("Authorization", rapid.SampledFrom([]string{"Bearer", "Bearer x", "Basic eDp5", "DPoP " + w.token, "Bearer " + w.access, "x"}).Draw(rt, "authorization"))
	}
	return r
}

// path fills in parameters; strange says that the path may be another one now.
func (d *drawer) path(o operation) (path string, strange bool) {
	path, query := o.Path, url.Values{}
	for _, q := range o.Params {
		value := fmt.Sprint(d.valid(q.Schema, q.Name))
		if rapid.IntRange(0, 4).Draw(d.rt, "odd") == 0 {
			value = rapid.SampledFrom([]string{"x", "-1", "0", "18446744073709551616", "%00", "\x00", "ä", "a/b", "..", strings.Repeat("a", 3000)}).Draw(d.rt, "parameter")
		}
		switch {
		case q.In == "header": // see request
		case q.In == "path":
			strange = strange || strings.Contains(value, "/") || value == ".." || value == ""
			path = strings.ReplaceAll(path, "{"+q.Name+"}", url.PathEscape(value))
		case q.Needed || rapid.Bool().Draw(d.rt, q.Name):
			query.Add(q.Name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, strange
}

// saw counts what was answered.
func (w *world) saw(call string, a apptest.Answer) {
	if w.seen[call] == nil {
		w.seen[call] = map[string]int{}
	}
	w.seen[call][fmt.Sprint(a.Status, " ", a.Code())]++
	w.served[call] = w.served[call] || a.Status < 300
}

// judge holds an answer to the description.
func (w *world) judge(o operation, a apptest.Answer, who string, strange bool) (found []string) {
	if strange && (a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status/100 == 3) {
		return nil
	}
	said, ok := o.Answers[fmt.Sprint(a.Status)]
	if !ok {
		found = append(found, fmt.Sprintf("the status %d is not described", a.Status))
	}
	if a.Status >= 500 {
		found = append(found, "a mistake of ours")
	}
	if a.Status < 300 && !w.may(o, who) {
		found = append(found, "it may not be called so")
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	form, described := said.Content[kind]
	switch {
	case len(said.Content) == 0:
		if len(a.Body) > 0 {
			found = append(found, "a body is not described")
		}
		return found
	case !described:
		return append(found, "the type "+kind+" is not described")
	case !strings.HasSuffix(kind, "json"):
		return found
	}
	v, err := parse(a.Body)
	if err != nil {
		return append(found, err.Error())
	}
	if a.Status >= 400 {
		if status, ok := o.Problems[a.Code()]; !ok || status != a.Status {
			found = append(found, "the problem "+a.Code()+" is not described with this call")
		}
	}
	return append(found, w.wrong(form, v, "answer")...)
}

// may says that a call is one for such a caller.
func (w *world) may(o operation, who string) bool {
	for _, c := range o.Callers {
		if c == "" || c == who || who == "both" {
			return true
		}
	}
	return false
}
