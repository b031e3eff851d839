package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// The device grant (RFC 8628): a device without a browser shows a code, and a customer types it in
// elsewhere. It says who somebody is and nothing more: whoever is talked into typing in a stranger's code
// must not give away anything of the vault by it.
const (
	grantDevice = identity.GrantDevice
	pathDevice  = "/oauth/device_authorization"
	pageDevice  = "/device"

	purposeDevice = "device"
	// deviceRedirect stands where other codes name an address: no vendor can register it.
	deviceRedirect = "urn:meins:device"

	deviceLifetime = 10 * time.Minute
	deviceInterval = 5 * time.Second
	maxDevicePolls = 8192 // that are remembered

	// userCodeSigns has no vowels, so that no words come of it, and nothing that looks like another
	// (RFC 8628, 6.1). Eight of twenty are 34 bits, for ten minutes.
	userCodeSigns  = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength = 8
)

// Errors of RFC 8628, 3.5.
const (
	codePending  = "authorization_pending"
	codeSlowDown = "slow_down"
	codeExpired  = "expired_token"
)

func refuseDevice(code, text string) error {
	answer := &oidc.Error{}
	setText(&answer.ErrorType, code)
	return refuse(http.StatusBadRequest, answer, text)
}

// deviceAnswer is the answer of RFC 8628, 3.2. There is no verification_uri_complete: who types a code in
// looks at it. It prints [redacted].
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Address    string `json:"verification_uri"`
	Expires    int64  `json:"expires_in"`
	Interval   int64  `json:"interval"`
}

// String hides the codes.
func (deviceAnswer) String() string { return redacted }

// GoString hides the codes.
func (deviceAnswer) GoString() string { return redacted }

// Format hides the codes under every verb.
func (deviceAnswer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the codes.
func (deviceAnswer) LogValue() slog.Value { return slog.StringValue(redacted) }

// serveDevice is the device authorization endpoint (RFC 8628, 3.1).
func (p *Provider) serveDevice(w http.ResponseWriter, r *http.Request) {
	answer, err := p.beginDevice(r)
	var slow *identity.SlowDown
	if errors.As(err, &slow) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(slow.RetryAfter.Seconds()))))
		err = refuse(http.StatusTooManyRequests, &oidc.Error{ErrorType: codeSlowDown}, "too many devices begin from this address")
	}
	var body []byte
	if err == nil {
		body, err = json.Marshal(answer)
	}
	if err != nil {
		p.translate(r.Context(), "begin with a device", err).write(w, challengeClient)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (p *Provider) beginDevice(r *http.Request) (deviceAnswer, error) {
	form := r.PostForm
	v, err := p.identify(r.Context(), r.Header, form)
	if err != nil {
		return deviceAnswer{}, err
	}
	switch {
	case !allows(v, grantDevice):
		return deviceAnswer{}, refuseGrantType()
	case !slices.Equal(strings.Fields(form.Get("scope")), []string{scopeOpenID}):
		return deviceAnswer{}, refuseScope("a device gets openid and nothing else")
	case form.Has("claims") || form.Has("authorization_details"):
		return deviceAnswer{}, refuseScope("a device gets no claims")
	case form.Has("request") || form.Has("request_uri"):
		return deviceAnswer{}, refuseRequest("a device sends its request as it is")
	}
	if v.Public { // anybody can call themselves so, and each time something is written
		if err := p.devices.begin.Admit(addressOf(r)); err != nil {
			return deviceAnswer{}, err
		}
	}
	return p.waitFor(r.Context(), v)
}

// waitFor draws both codes and keeps what is needed to find one by the other.
func (p *Provider) waitFor(ctx context.Context, v identity.Vendor) (deviceAnswer, error) {
	verifier, now := tokenID()+tokenID(), p.o.Now()
	sum := sha256.Sum256([]byte(verifier))
	rec := deviceRecord{
		Version: recordVersion, Name: tokenID(), Client: v.ID, Document: documentClient(v), Challenge: encoding.EncodeToString(sum[:]),
		State: deviceWaits, Expires: now.Add(deviceLifetime).UTC().Truncate(time.Second),
	}
	var code string
	err := errUsed
	for range 3 {
		if !errors.Is(err, errUsed) {
			break
		}
		code = drawUserCode()
		err = p.records.SaveDevice(ctx, p.deviceKey(code), rec)
	}
	if err != nil {
		return deviceAnswer{}, fmt.Errorf("keep device: %w", err)
	}
	kid, box := p.o.Keys.Token()
	b := appendText(appendText(appendText(nil, p.deviceKey(code)), verifier), v.ID)
	return deviceAnswer{
		DeviceCode: sealBlob(kid, box, purposeDevice, appendTime(b, rec.Expires)), UserCode: code[:4] + "-" + code[4:],
		Address: p.o.Issuer + pageDevice, Expires: int64(rec.Expires.Sub(now) / time.Second), Interval: int64(deviceInterval / time.Second),
	}, nil
}

// drawUserCode takes the bytes that fall evenly on the signs.
func drawUserCode() string {
	code := make([]byte, 0, userCodeLength)
	var b [1]byte
	for len(code) < userCodeLength {
		_, _ = rand.Read(b[:]) // crypto/rand never fails
		if n := len(userCodeSigns); int(b[0]) < 256/n*n {
			code = append(code, userCodeSigns[int(b[0])%n])
		}
	}
	return string(code)
}

// readUserCode takes a code as people type it; the empty text is none.
func readUserCode(s string) string {
	if len(s) > 64 {
		return ""
	}
	code := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '.' || r == '\u00a0' || r == '\u2013' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
	if len(code) != userCodeLength || strings.Trim(code, userCodeSigns) != "" {
		return ""
	}
	return code
}

// deviceKey is where a device is found by its user code. Who reads the store learns no code by it.
func (p *Provider) deviceKey(code string) string {
	return "device/" + encoding.EncodeToString(p.o.Keys.Hash(purposeDevice, []byte(code))[:16])
}

// deviceCode is what a device code says. It prints [redacted].
type deviceCode struct {
	key, verifier string
	client        id.Client
	expires       time.Time
}

// String hides what is proven with it.
func (deviceCode) String() string { return redacted }

// GoString hides what is proven with it.
func (deviceCode) GoString() string { return redacted }

// Format hides what is proven with it under every verb.
func (deviceCode) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides what is proven with it.
func (deviceCode) LogValue() slog.Value { return slog.StringValue(redacted) }

func (p *Provider) openDevice(text string) (deviceCode, error) {
	plaintext, err := openBlob(text, purposeDevice, p.o.Keys.TokenByID)
	if err != nil {
		return deviceCode{}, err
	}
	f := &fields{rest: string(plaintext)}
	d := deviceCode{key: f.text(), verifier: f.text(), client: id.Client(f.text()), expires: f.time()}
	if !f.done() {
		return deviceCode{}, errBlob
	}
	return d, nil
}

// pollDevice answers a device that asks whether its customer has decided (RFC 8628, 3.4 and 3.5).
func (p *Provider) pollDevice(ctx context.Context, v identity.Vendor, pr proof, text, resource string) (*tokens, error) {
	d, err := p.openDevice(text)
	if err != nil || d.client != v.ID {
		return nil, refuseGrant("the device code is not valid")
	}
	if !p.o.Now().Before(d.expires) {
		return nil, refuseDevice(codeExpired, "nobody answered in time")
	}
	rec, err := p.records.Device(ctx, d.key)
	if errors.Is(err, errNoDevice) || err == nil && !answers(d.verifier, rec.Challenge) {
		return nil, refuseGrant("the device code is not valid")
	}
	switch {
	case err != nil:
		return nil, err
	case rec.State == deviceApproved:
		return p.exchangeCode(ctx, v, pr, exchange{code: rec.Code, redirectURI: deviceRedirect, verifier: d.verifier, resource: resource})
	case rec.State == deviceDenied:
		return nil, refuseDevice(errAccessDenied, "the customer refused")
	case p.devices.hasty(d.key, p.o.Now()):
		return nil, refuseDevice(codeSlowDown, "ask less often")
	}
	return nil, refuseDevice(codePending, "the customer has not answered yet")
}

// devices slows down who begins, who guesses and who asks too often. It serves concurrent callers.
type devices struct {
	begin, guess *identity.Turnstile

	mu    sync.Mutex
	polls map[string]poll
}

// poll is when a device may ask again, and how long it has to wait from then on.
type poll struct {
	next     time.Time
	interval time.Duration
}

func newDevices(now func() time.Time) *devices {
	return &devices{
		begin: identity.NewTurnstile(30, 10*time.Second, now), guess: identity.NewTurnstile(10, 30*time.Second, now), polls: map[string]poll{},
	}
}

// hasty says whether a device asks sooner than it may; then it has to wait five seconds more from now on.
// A second is forgiven: clocks and networks are not that exact.
func (d *devices) hasty(key string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, known := d.polls[key]
	if !known {
		if len(d.polls) >= maxDevicePolls {
			for other, p := range d.polls {
				if len(d.polls) >= maxDevicePolls || now.Sub(p.next) > deviceLifetime {
					delete(d.polls, other)
				}
			}
		}
		one.interval = deviceInterval
	}
	early := known && now.Before(one.next.Add(-time.Second))
	if early {
		one.interval += deviceInterval
	}
	one.next = now.Add(one.interval)
	d.polls[key] = one
	return early
}

// DeviceVisit is a device that waits, as a customer is shown it.
type DeviceVisit struct {
	Party consent.Party
	Code  string // as it stands on the device
	Flow  string // goes on from here like every authorization request
}

// Device finds the device that shows a code, for a customer who typed it in.
func (p *Provider) Device(ctx context.Context, typed string, from netip.Addr) (DeviceVisit, error) {
	if err := p.devices.guess.Admit(from); err != nil {
		return DeviceVisit{}, err
	}
	code := readUserCode(typed)
	if code == "" {
		return DeviceVisit{}, ErrUserCode
	}
	key := p.deviceKey(code)
	rec, err := p.records.Device(ctx, key)
	switch {
	case errors.Is(err, errNoDevice) || err == nil && (rec.State != deviceWaits || !p.o.Now().Before(rec.Expires)):
		return DeviceVisit{}, ErrUserCode
	case err != nil:
		return DeviceVisit{}, fmt.Errorf("find device: %w", err)
	}
	flow, err := p.sealFlow(request{
		Client: rec.Client, Document: rec.Document, RedirectURI: deviceRedirect, Challenge: rec.Challenge, Scopes: []string{scopeOpenID},
		Issued: p.o.Now(), Device: key, Pushed: rec.Name,
	})
	if err != nil {
		return DeviceVisit{}, err
	}
	v, err := p.visit(ctx, flow)
	if err != nil {
		return DeviceVisit{}, err
	}
	return DeviceVisit{Party: v.ask.Party, Code: code[:4] + "-" + code[4:], Flow: flow}, nil
}

// RefuseDevice is the no of somebody who typed a code in and has not signed in: the device hears it at
// once, and nothing is known of who said it.
func (p *Provider) RefuseDevice(ctx context.Context, flow string) error {
	v, err := p.visit(ctx, flow)
	if err != nil {
		return err
	}
	if v.Device == "" {
		return ErrFlow
	}
	_, err = p.decline(ctx, v)
	return err
}

// finish takes the customer's yes to the vendor: by the browser, or past it to the device.
func (p *Provider) finish(ctx context.Context, v visit, s identity.Session, g consent.Grant, approved []string, key vault.GrantKey) (string, error) {
	if v.Device == "" {
		return p.succeed(v, s, g, approved, key), nil
	}
	// The grant's key stays out of the store: what a device gets reads no capsule.
	code := p.codeFor(v, s, g, nil, vault.NewGrantKey())
	code.Expires = p.o.Now().Add(deviceLifetime)
	err := p.records.SettleDevice(ctx, v.Device, v.Pushed, deviceApproved, p.mint(kindCode, code))
	if errors.Is(err, errNoDevice) {
		return "", ErrFlowExpired.Because(err)
	}
	return p.deviceDone(deviceApproved), err
}

// decline takes the customer's no there.
func (p *Provider) decline(ctx context.Context, v visit) (string, error) {
	if v.Device == "" {
		return p.refuse(v, errAccessDenied), nil
	}
	err := p.records.SettleDevice(ctx, v.Device, v.Pushed, deviceDenied, "")
	if errors.Is(err, errNoDevice) {
		return "", ErrFlowExpired.Because(err)
	}
	return p.deviceDone(deviceDenied), err
}

// deviceDone is the page that sends the customer back to the device.
func (p *Provider) deviceDone(state string) string { return p.o.Issuer + pageDevice + "?done=" + state }
