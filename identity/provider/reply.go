package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/meins-id/meins/identity"
)

// The response modes: how an answer travels to the vendor. With jwt it is signed first (JARM, 2.3).
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"

	modeSigned         = "jwt" // for a code that means query.jwt
	modeSignedQuery    = "query.jwt"
	modeSignedFragment = "fragment.jwt"
	modeSignedFormPost = "form_post.jwt"
)

// responseModes are those that discovery lists.
var responseModes = []string{
	modeQuery, modeFragment, modeFormPost, modeSigned, modeSignedQuery, modeSignedFragment, modeSignedFormPost,
}

// carrier is how a mode travels once it is signed or need not be.
func carrier(mode string) (travels string, signed bool) {
	if mode == modeSigned {
		return modeQuery, true
	}
	travels, signed = strings.CutSuffix(mode, ".jwt")
	return cmp.Or(travels, modeQuery), signed
}

// reply says where an answer goes and in which form: to an address that the vendor registered.
type reply struct {
	vendor  identity.Vendor
	address string
	state   string
	mode    string // one of responseModes; empty means query
	browser string // the state of the browser that it goes to, with a yes
}

// replyTo is the reply to a request that was found valid.
func replyTo(v identity.Vendor, q request) reply {
	return reply{vendor: v, address: q.RedirectURI, state: q.State, mode: q.Mode}
}

// replyOf is the reply that takes a customer's yes.
func (p *Provider) replyOf(v visit, s identity.Session) reply {
	to := replyTo(v.vendor, v.request)
	to.browser = p.o.Accounts.BrowserState(s.ID)
	return to
}

// replyToForm is the reply to a request that may have any mistake but a wrong vendor or address. The
// mode is the one it asks for, when there is such a mode and it can reach the address.
func replyToForm(v identity.Vendor, form url.Values) reply {
	to := reply{vendor: v, address: form.Get("redirect_uri"), state: stateOf(form)}
	if mode := form.Get("response_mode"); len(form["response_mode"]) == 1 && modeMistake(mode, to.address) == "" {
		to.mode = mode
	}
	return to
}

// modeMistake says what is wrong with a mode, or nothing. A form reaches only what speaks HTTP: an
// app's private scheme does not.
func modeMistake(mode, address string) string {
	known := mode == ""
	for _, m := range responseModes {
		known = known || m == mode
	}
	travels, _ := carrier(mode)
	switch {
	case !known:
		return "response_mode is not supported"
	case travels == modeFormPost && !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://"):
		return "response_mode form_post needs a web address"
	}
	return ""
}

// response is the address to send the browser to, so that the outcome reaches the vendor: with the
// vendor's state and our name (RFC 9207) beside it. Everything is encoded, so nothing of it can end a
// header or begin a parameter.
func (p *Provider) response(to reply, o outcome) string {
	values := url.Values(o)
	if to.state != "" {
		values.Set("state", to.state)
	}
	values.Set("iss", p.o.Issuer)
	if state := sessionState(to); state != "" {
		values.Set("session_state", state)
	}
	travels, signed := carrier(to.mode)
	if signed {
		text, err := p.signResponse(to, values)
		if err != nil { // an answer that cannot be signed must not go out unsigned with a code in it
			p.o.Log.Error("provider failed", "doing", "sign response", "error", err)
			return withQuery(to.address, url.Values{"error": {errServer}, "iss": {p.o.Issuer}})
		}
		values = url.Values{"response": {text}}
	}
	switch travels {
	case modeFragment:
		return to.address + "#" + values.Encode()
	case modeFormPost:
		return p.formPost(to.address, values)
	}
	return withQuery(to.address, values)
}

// signResponse makes the JWT of JARM, 2.1: the outcome, and who says it to whom, until when.
func (p *Provider) signResponse(to reply, values url.Values) (string, error) {
	claims := map[string]any{
		"aud": to.vendor.ClientID(), "exp": p.o.Now().Add(responseLifetime).Unix(),
	}
	for name := range values { // iss is among them
		claims[name] = values.Get(name)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key, err := p.o.Keys.Signer(cmp.Or(to.vendor.Protocol.ResponseAlg, defaultAlgorithm))
	if err != nil {
		return "", err
	}
	return signJWT(key, payload)
}

// responseLifetime is how long an answer may take to the vendor (JARM, 2.1). A code in it is over
// long before.
const responseLifetime = 10 * time.Minute

// purposeResponse keeps answers that wait to be posted apart from all other blobs.
const purposeResponse = "response"

// parcel is an answer on its way to a page of ours that posts it.
type parcel struct {
	Address string     `json:"address"`
	Values  url.Values `json:"values"`
	Issued  time.Time  `json:"issued"`
}

var errParcel = errors.New("not an answer that waits to be posted")

// formPost is the address of the page that posts the values (OAuth 2.0 Form Post Response Mode). They
// travel sealed: neither history nor log shows a code.
func (p *Provider) formPost(address string, values url.Values) string {
	plaintext, err := json.Marshal(parcel{Address: address, Values: values, Issued: p.o.Now()})
	if err != nil { // texts and a time do not do this
		return withQuery(address, url.Values{"error": {errServer}, "iss": {p.o.Issuer}})
	}
	kid, box := p.o.Keys.Flow()
	return p.o.Issuer + pathResponse + "?r=" + sealBlob(kid, box, purposeResponse, plaintext)
}

// openParcel reverses formPost.
func (p *Provider) openParcel(text string) (parcel, error) {
	plaintext, err := openBlob(text, purposeResponse, p.o.Keys.FlowByID)
	if err != nil {
		return parcel{}, errParcel
	}
	var c parcel
	if err := json.Unmarshal(plaintext, &c); err != nil {
		return parcel{}, errParcel // the cause would quote the answer
	}
	if age := p.o.Now().Sub(c.Issued); age >= responseLifetime || age < -clockSkew {
		return parcel{}, fmt.Errorf("%w: too old", errParcel)
	}
	return c, nil
}
