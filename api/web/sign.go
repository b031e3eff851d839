package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
)

// signView is what the pages around signing in say.
type signView struct {
	Vendor         *vendorView // to whom it leads; nil when it leads nowhere else
	LoginHint      string
	Reauthenticate bool // signed in, and to be proved again
	MustRenew      bool
}

// start is for somebody who has never heard of it; customers go on to what is theirs.
func (w *Web) start(out http.ResponseWriter, r *http.Request) error {
	s, here, err := w.session(r)
	if err != nil {
		return err
	}
	if here && !s.MustRenew {
		http.Redirect(out, r, "/connections", http.StatusSeeOther)
		return nil
	}
	return w.render(out, http.StatusOK, w.newPage(r, "start"))
}

func (w *Web) signIn(out http.ResponseWriter, r *http.Request) error {
	return w.entrance(out, r, "signin")
}

func (w *Web) signUp(out http.ResponseWriter, r *http.Request) error {
	return w.entrance(out, r, "signup")
}

func (w *Web) recover(out http.ResponseWriter, r *http.Request) error {
	return w.entrance(out, r, "recover")
}

// unlock needs somebody who is signed in.
func (w *Web) unlock(out http.ResponseWriter, r *http.Request) error {
	_, here, err := w.session(r)
	if err != nil {
		return err
	}
	if !here {
		w.toSignIn(out, r, r.URL.Query().Get("next"))
		return nil
	}
	return w.entrance(out, r, "unlock")
}

// entrance is a page that leads to a vendor, or to one of ours.
func (w *Web) entrance(out http.ResponseWriter, r *http.Request, name string) error {
	flow := r.URL.Query().Get("flow")
	view, languages, err := w.signView(r.Context(), flow)
	if err != nil {
		return err
	}
	s, _, err := w.session(r)
	if err != nil {
		return err
	}
	view.MustRenew = s.MustRenew
	p := w.newPage(r, name, languages...)
	p.Flow, p.Next, p.View = flow, localPath(r.URL.Query().Get("next")), view
	return w.render(out, http.StatusOK, p)
}

// signView names the vendor that a flow leads to.
func (w *Web) signView(ctx context.Context, flow string) (signView, []string, error) {
	if flow == "" {
		return signView{}, nil, nil
	}
	next, err := w.o.Provider.Next(ctx, flow, nil)
	if err != nil {
		return signView{}, nil, err
	}
	vendor := w.vendorView(ctx, next.Ask.Party)
	return signView{Vendor: &vendor, LoginHint: next.LoginHint}, next.UILocales, nil
}

// signInPage is the same page for a request that waits for somebody to sign in.
func (w *Web) signInPage(out http.ResponseWriter, r *http.Request, flow string, next provider.Next) error {
	vendor := w.vendorView(r.Context(), next.Ask.Party)
	p := w.newPage(r, "signin", next.UILocales...)
	p.Flow = flow
	p.View = signView{Vendor: &vendor, LoginHint: next.LoginHint, Reauthenticate: next.Reauthenticate}
	return w.render(out, http.StatusOK, p)
}

// session says who is signed in, and whether anybody is.
func (w *Web) session(r *http.Request) (s identity.Session, here bool, err error) {
	s, err = w.o.Session(r)
	if err != nil && fault.Of(err).Kind == fault.Unauthenticated {
		return identity.Session{}, false, nil
	}
	return s, err == nil, err
}

// customer is who is signed in. Anybody else is led to sign in, or to finish a recovery, and the
// page ends there.
func (w *Web) customer(out http.ResponseWriter, r *http.Request) (identity.Session, bool, error) {
	s, here, err := w.session(r)
	switch {
	case err != nil:
		return identity.Session{}, false, err
	case !here:
		w.toSignIn(out, r, r.URL.RequestURI())
		return identity.Session{}, false, nil
	case s.MustRenew:
		http.Redirect(out, r, "/recover", http.StatusSeeOther)
		return identity.Session{}, false, nil
	}
	return s, true, nil
}

func (w *Web) toSignIn(out http.ResponseWriter, r *http.Request, next string) {
	target := url.URL{Path: "/signin"}
	if next = localPath(next); next != "" {
		target.RawQuery = url.Values{"next": {next}}.Encode()
	}
	http.Redirect(out, r, target.String(), http.StatusSeeOther)
}

// localPath is next when it is a page of ours, and nothing otherwise: who signs in must not be led
// anywhere by an address that somebody else made.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	for _, page := range []string{"/vault", "/vault/history", "/vault/terms", "/connections", "/receipts", "/pictures", "/export", "/account"} {
		if u.Path == page || (page == "/connections" || page == "/receipts") && strings.HasPrefix(u.Path, page+"/") {
			return (&url.URL{Path: u.Path}).String()
		}
	}
	return ""
}

// signOut asks for confirmation, with the way back to the vendor that asks for it.
func (w *Web) signOut(out http.ResponseWriter, r *http.Request) error {
	after := w.o.Provider.AfterLogout(r.Context(), r.URL.Query().Get("return"))
	s, here, err := w.session(r)
	if err != nil {
		return err
	}
	if !here {
		http.Redirect(out, r, after, http.StatusSeeOther)
		return nil
	}
	p := w.newPage(r, "signout")
	view := signOutView{After: w.o.Provider.Goodbye(r.Context(), s.ID, after)}
	if u, err := url.Parse(after); err == nil {
		view.Host = u.Hostname()
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// signOutView says where signing out leads: to an address that the vendor registered, or nowhere.
type signOutView struct{ After, Host string }

func (w *Web) signedOut(out http.ResponseWriter, r *http.Request) error {
	return w.render(out, http.StatusOK, w.newPage(r, "signed-out"))
}
