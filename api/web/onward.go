package web

import (
	"bytes"
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"sync"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// onwardPage is the page of a returning customer whose vendor's address came with it. It is nothing but its
// script, small enough for one packet with its headers.
const onwardPage = "onward"

// onwards are such pages without what is of one visit: one for each language and theme.
type onwards struct {
	mu   sync.RWMutex
	made map[onwardKey]around
}

type onwardKey struct{ tag, theme string }

// around is a page before and after the script's input.
type around struct{ before, after []byte }

// errOnward is a mistake in the template.
var errOnward = errors.New("the page that goes on must name its input once")

// onward writes the page. What it cannot do, it leaves to the same request when that comes again.
func (w *Web) onward(out http.ResponseWriter, r *http.Request, _ string, s identity.Session, next provider.Next) error {
	p := w.newPage(r, onwardPage, next.UILocales...)
	page, err := w.onwards.around(w, p)
	if err != nil {
		return err
	}
	input, err := inputOf("", s, next)
	if err != nil {
		return err
	}
	send(out, http.StatusOK, p, bytes.Join([][]byte{page.before, page.after}, input))
	return nil
}

// around gives the page, and runs its template where it was not needed before.
func (o *onwards) around(w *Web, p page) (around, error) {
	key := onwardKey{p.Tag, p.Theme}
	o.mu.RLock()
	kept, there := o.made[key]
	o.mu.RUnlock()
	if there {
		return kept, nil
	}
	hole := rand.Text()
	p.View = template.JS(hole) //nolint:gosec // drawn here
	text, err := w.text(p)
	if err != nil {
		return around{}, err
	}
	before, after, ok := bytes.Cut([]byte(text), []byte(hole))
	if !ok || bytes.Contains(after, []byte(hole)) {
		return around{}, errOnward
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made == nil {
		o.made = map[onwardKey]around{}
	}
	o.made[key] = around{before, after}
	return o.made[key], nil
}
