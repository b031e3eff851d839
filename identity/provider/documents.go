package provider

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/fault"
)

// How documents of vendors are kept. Anybody can cause a request that needs one, by naming a vendor:
// so no address is asked more often than once in documentPause, whatever comes, and no more than
// documentsAtOnce wait for strangers at any time.
const (
	documentFresh    = time.Hour // when the answer does not say
	documentFreshMin = time.Minute
	documentFreshMax = 24 * time.Hour
	documentStale    = 72 * time.Hour // while its address does not answer
	documentPause    = 30 * time.Second
	documentsAtOnce  = 8
	maxDocuments     = 4096
)

var (
	errDocument     = fault.New(fault.Unavailable, "document-unreadable", "what stands at the address cannot be used")
	errDocumentBusy = fault.New(fault.Unavailable, "document-busy", "too many addresses are being read; try again")
)

// documents reads what vendors keep at addresses of their own, and keeps it: as long as the answer
// says, and longer when the address does not answer. It serves concurrent callers.
type documents struct {
	get  func(ctx context.Context, address string, header http.Header, limit int64) (egress.Answer, error)
	now  func() time.Time
	busy chan struct{}
	most int // of each kind

	// Who names any number of addresses where nothing stands displaces others of that kind, and no vendor.
	mu    sync.Mutex
	turn  uint64
	kept  map[string]*document // what has served
	tried map[string]*document // what has not, yet
}

// document is one of them. Its gate is held by who looks at it: the others wait for the same answer.
type document struct {
	gate     chan struct{}
	body     []byte
	etag     string
	modified string
	read     time.Time // when the body was last known to be what stands there
	fresh    time.Time // until when nobody need ask
	tried    time.Time
	failure  error  // of the last try
	turn     uint64 // of its last use; of the documents' lock
}

func newDocuments(client *egress.Client, now func() time.Time) *documents {
	return &documents{
		get: client.Get, now: now, busy: make(chan struct{}, documentsAtOnce), most: maxDocuments,
		kept: map[string]*document{}, tried: map[string]*document{},
	}
}

// wish is which document is wanted. Check refuses what cannot be used: a good document is never
// replaced by it.
type wish struct {
	address string
	limit   int64
	renew   bool // what is kept was looked at, and does not serve
	check   func([]byte) error
}

// read gives a document. It shares the bytes: nobody may change them.
func (d *documents) read(ctx context.Context, w wish) ([]byte, error) {
	doc := d.find(w.address)
	select {
	case doc.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-doc.gate }()
	now := d.now()
	since := now.Sub(doc.tried) // less than nothing where the clock was set back
	paused := since >= 0 && since < documentPause
	if !paused && (w.renew || since < 0 || !now.Before(doc.fresh)) {
		d.ask(ctx, doc, w, now)
	}
	switch {
	case doc.body != nil && now.Before(doc.read.Add(documentStale)):
		return doc.body, nil
	case doc.failure != nil:
		return nil, doc.failure
	}
	return nil, errDocument
}

// find gives the place of a document, and makes room for it.
func (d *documents) find(address string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn++
	doc, ok := d.kept[address]
	if !ok {
		doc, ok = d.tried[address]
	}
	if !ok {
		if len(d.tried) >= d.most {
			for other := range d.tried {
				delete(d.tried, other)
				break
			}
		}
		doc = &document{gate: make(chan struct{}, 1)}
		d.tried[address] = doc
	}
	doc.turn = d.turn
	return doc
}

// serves keeps a document among those that have served, in the place of the one that nobody has used for longest.
func (d *documents) serves(address string, doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept[address] != nil {
		return
	}
	delete(d.tried, address)
	if len(d.kept) >= d.most {
		oldest, turn := "", d.turn+1
		for other, one := range d.kept {
			if one.turn < turn {
				oldest, turn = other, one.turn
			}
		}
		delete(d.kept, oldest)
	}
	d.kept[address] = doc
}

// ask looks whether the document has changed. Who caused it may go away: the answer serves the next.
func (d *documents) ask(ctx context.Context, doc *document, w wish, now time.Time) {
	select {
	case d.busy <- struct{}{}:
		defer func() { <-d.busy }()
	default:
		if doc.failure == nil {
			doc.failure = errDocumentBusy
		}
		return
	}
	doc.tried = now
	header := http.Header{"Accept": {"application/json, */*;q=0.5"}}
	if doc.body != nil && doc.etag != "" {
		header["If-None-Match"] = []string{doc.etag}
	}
	if doc.body != nil && doc.modified != "" {
		header["If-Modified-Since"] = []string{doc.modified}
	}
	answer, err := d.get(context.WithoutCancel(ctx), w.address, header, w.limit)
	if err == nil {
		err = doc.take(answer, w, now)
	}
	if err == nil {
		d.serves(w.address, doc)
	}
	doc.failure = err
}

// take keeps an answer that is good.
func (doc *document) take(answer egress.Answer, w wish, now time.Time) error {
	switch {
	case answer.Status == http.StatusNotModified && doc.body != nil:
	case answer.Status != http.StatusOK:
		return errDocument.Because(errors.New("status " + strconv.Itoa(answer.Status)))
	default:
		if err := w.check(answer.Body); err != nil {
			return errDocument.Because(err)
		}
		doc.body = append([]byte{}, answer.Body...) // an empty one is one, too
		doc.etag, doc.modified = answer.Header.Get("ETag"), answer.Header.Get("Last-Modified")
	}
	doc.read, doc.fresh = now, now.Add(freshness(answer.Header))
	return nil
}

// freshness is how long an answer may be kept without asking (RFC 9111, 4.2.1), within our bounds.
func freshness(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.ToLower(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return documentFreshMin
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil || seconds < 0 {
				return documentFreshMin
			}
			return min(max(time.Duration(seconds)*time.Second, documentFreshMin), documentFreshMax)
		}
	}
	return documentFresh
}
