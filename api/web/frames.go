package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/meins-id/meins/consent"
)

// maxFrames are kept: one for each vendor, language and theme, of a few kilobytes.
const maxFrames = 1024

// frames are the pages that go on under a grant, without what is of one visit alone: to run the
// template anew cost a fifth of a return visit. Nothing in them is of a customer.
type frames struct {
	// hole stands in the template for what is of one visit. It is drawn when the program starts, so
	// that no name of a vendor can hold it.
	hole string

	mu   sync.RWMutex
	made map[frameKey]frame
}

// frameKey is all that a frame depends on. The party is the vendor as it is now, its picture by its hash.
type frameKey struct {
	tag, theme string
	party      consent.Party
}

// frame is a page around its two holes: the script's input, and the flow in an address.
type frame struct{ before, between, after string }

// frameView is what the template gets for a frame: the vendor, and a hole.
type frameView struct {
	Vendor vendorView
	Input  template.JS
}

func newFrames() *frames { return &frames{hole: rand.Text(), made: map[frameKey]frame{}} }

// errFrame is a mistake in the template.
var errFrame = errors.New("the page that goes on must name its input and its flow once each, in this order")

// frame gives the page's frame, which make renders when there is none.
func (f *frames) frame(ctx context.Context, key frameKey, render func(context.Context) (string, error)) (frame, error) {
	f.mu.RLock()
	kept, there := f.made[key]
	f.mu.RUnlock()
	if there {
		return kept, nil
	}
	text, err := render(ctx)
	if err != nil {
		return frame{}, err
	}
	parts := strings.Split(text, f.hole)
	if len(parts) != 3 {
		return frame{}, errFrame
	}
	made := frame{parts[0], parts[1], parts[2]}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.made) >= maxFrames {
		clear(f.made)
	}
	f.made[key] = made
	return made, nil
}

// fill is the page of one visit. Marshalled JSON holds nothing that could end the element it stands
// in (< and > are written as escapes), and a flow is opened before, so that it has no character that
// an address or an attribute would have to escape: where it has, it is escaped all the same.
func (f frame) fill(visit resumption) ([]byte, error) {
	input, err := json.Marshal(visit)
	if err != nil {
		return nil, err
	}
	flow := template.URLQueryEscaper(visit.Flow)
	body := make([]byte, 0, len(f.before)+len(input)+len(f.between)+len(flow)+len(f.after))
	body = append(append(body, f.before...), input...)
	body = append(append(body, f.between...), flow...)
	return append(body, f.after...), nil
}

// resumePage writes the page that goes on.
func (w *Web) resumePage(out http.ResponseWriter, r *http.Request, party consent.Party, p page, visit resumption) error {
	around, err := w.frames.frame(r.Context(), frameKey{p.Tag, p.Theme, party}, func(ctx context.Context) (string, error) {
		p.Flow, p.View = w.frames.hole, frameView{w.vendorView(ctx, party), template.JS(w.frames.hole)} //nolint:gosec // drawn here
		return w.text(p)
	})
	if err != nil {
		return err
	}
	body, err := around.fill(visit)
	if err != nil {
		return err
	}
	p.Flow = visit.Flow
	send(out, http.StatusOK, p, body)
	return nil
}
