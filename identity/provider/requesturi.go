package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/meins-id/meins/identity"
)

// maxObjects bounds how many are kept; each has maxObject bytes at most.
const maxObjects = 512

var errNoObject = errors.New("what stands at the address is no signed object of this name")

// requestAt opens the request object that stands at an address of the vendor's (OpenID Connect Core
// 6.2, RFC 9101 5.2). Only addresses that the vendor registered are called, letter by letter, and what
// stands there is kept like its keys: a stranger who names one again and again makes nobody ask.
func (p *Provider) requestAt(ctx context.Context, v identity.Vendor, form url.Values) (url.Values, outcome) {
	address := form.Get("request_uri")
	switch {
	case len(form["request_uri"]) > 1 || form.Get("request") != "":
		return nil, failure(errInvalidRequest, "there must be one request object") // RFC 9101, 5
	case v.Protocol.RequirePushed:
		return nil, failure(errInvalidRequest, "this client must push its requests")
	case !slices.Contains(v.Protocol.RequestURIs, address):
		return nil, failure(errInvalidURI, "request_uri is not registered")
	}
	w := wish{address: address, limit: maxObject, check: func(raw []byte) error { return checkObject(address, raw) }}
	first, err := p.objects.read(ctx, w)
	if err != nil {
		return nil, failure(errInvalidURI, "there is no request object to be read")
	}
	form, wrong := p.openRequest(ctx, v, strings.TrimSpace(string(first)))
	if wrong == nil {
		return form, nil
	}
	// It may be another one by now.
	w.renew = true
	if second, err := p.objects.read(ctx, w); err == nil && !bytes.Equal(first, second) {
		return p.openRequest(ctx, v, strings.TrimSpace(string(second)))
	}
	return nil, wrong
}

// checkObject keeps what can be a signed object. An address with a fragment names the hash of what stands
// there (Core 6.2).
func checkObject(address string, raw []byte) error {
	hash := sha256.Sum256(raw)
	_, name, named := strings.Cut(address, "#")
	if bytes.Count(raw, []byte(".")) != 2 || named && name != encoding.EncodeToString(hash[:]) {
		return errNoObject
	}
	return nil
}
