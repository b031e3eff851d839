package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/vault/agent"
)

// transport carries the agent's calls over HTTP with the profile's session (agent.Transport).
type transport struct {
	profile *profile
	client  *http.Client
	after   func(path string, err error) error // what follows a call at once, before the agent goes on; nil is nothing
}

const (
	apiBase    = "/api/v1"
	maxAnswer  = 8 << 20 // bytes of an answer that we are ready to hold
	apiTimeout = 30 * time.Second
)

func newTransport(p *profile) *transport {
	return &transport{profile: p, client: &http.Client{
		Timeout: apiTimeout,
		// Redirects are the agent's business: it must see where a sign-in would end.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends one call and decodes the answer; a problem answer comes back as *agent.Problem.
func (t *transport) Do(ctx context.Context, method, path string, in, out any) error {
	err := t.call(ctx, method, path, in, out)
	if t.after == nil {
		return err
	}
	if failed := t.after(path, err); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

func (t *transport) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = b
	}
	resp, err := t.send(ctx, method, t.profile.issuer()+apiBase+path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return agent.ErrUnreachable.Because(err)
	}
	return agent.ReadAnswer(resp.StatusCode, answer, out)
}

// send sends a request with the session's cookie and keeps the cookie that comes back.
func (t *transport) send(ctx context.Context, method, address string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, usageError{err}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if cookie := t.profile.cookie(); cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	req.Header.Set("User-Agent", "meins-agent/"+Version)
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	for _, c := range resp.Cookies() {
		if !strings.HasSuffix(c.Name, "meins_session") {
			continue
		}
		value := c.Name + "=" + c.Value
		if c.MaxAge < 0 || c.Value == "" {
			value = ""
		}
		if err := t.profile.setCookie(value); err != nil {
			return nil, errors.Join(err, resp.Body.Close())
		}
	}
	return resp, nil
}

// unreachable leaves the address out of the error: its query belongs to the vendor and the customer.
// Who stopped the command knows that no answer came.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return agent.ErrUnreachable.Because(err)
}

var errNotOurs = fault.New(fault.Invalid, "not-an-authorize-url", "this is not an authorization address that the provider answers")

// follow opens a vendor's authorization address and gives what the provider answers: the sealed
// request to decide on, or where the provider sends the customer at once (an error, by the
// vendor's redirect address).
func (t *transport) follow(ctx context.Context, authorize string) (flow, redirect string, err error) {
	if !strings.HasPrefix(authorize, t.profile.issuer()+"/oauth/authorize?") {
		return "", "", errNotOurs
	}
	resp, err := t.send(ctx, http.MethodGet, authorize, nil)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusInternalServerError {
		return "", "", agent.ErrUnreachable.Because(errors.New(resp.Status))
	}
	location, err := resp.Location()
	if err != nil {
		return "", "", errNotOurs.Because(fmt.Errorf("it answers %s%s and no redirect", resp.Status, whyPage(resp.Body)))
	}
	issuer, err := url.Parse(t.profile.issuer())
	if err != nil {
		return "", "", usageError{fmt.Errorf("issuer: %w", err)}
	}
	if location.Scheme == issuer.Scheme && location.Host == issuer.Host && location.Query().Get("flow") != "" {
		return location.Query().Get("flow"), "", nil
	}
	return "", location.String(), nil
}

// pageProblem is where an error page names its reason.
var pageProblem = regexp.MustCompile(`data-problem="([a-z-]{1,64})"`)

// whyPage is the reason that an error page names, for whoever is to mend the address.
func whyPage(page io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(page, maxAnswer))
	if err != nil {
		return ""
	}
	if found := pageProblem.FindSubmatch(text); found != nil {
		return " (" + string(found[1]) + ")"
	}
	return ""
}
