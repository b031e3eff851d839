package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// accountView is what the account page says: where somebody is signed in, which programs of theirs have
// access, and how often they are reminded.
type accountView struct {
	Sessions []sessionView
	Programs []programView
	Scopes   []scopeView // that a program may be given
	Paces    []paceView
}

// programView is a program of the customer's own.
type programView struct {
	ID                     id.Program
	Name                   string
	May                    []string // keys of what it may do
	Created, Expires, Last time.Time
	Used                   bool
}

// scopeView is something that a program may do.
type scopeView struct{ Scope, Key string }

type sessionView struct {
	Where            string
	Current          bool
	Created, Expires time.Time
}

func (w *Web) account(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	sessions, err := w.o.Accounts.Sessions(r.Context(), s.Account)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	programs, err := w.o.Accounts.Programs(r.Context(), s.Account)
	if err != nil {
		return fmt.Errorf("list programs: %w", err)
	}
	p := w.newPage(r, "account")
	p.Section, p.Account = "account", string(s.Account)
	var view accountView
	for _, other := range sessions {
		view.Sessions = append(view.Sessions, sessionView{
			Where: p.where(other.UserAgent), Current: other.ID == s.ID, Created: other.Created, Expires: other.Expires,
		})
	}
	if view.Paces, err = w.paces(r.Context(), s.Account); err != nil {
		return err
	}
	for _, one := range programs {
		view.Programs = append(view.Programs, programOf(one))
	}
	for _, scope := range identity.ProgramScopes() {
		view.Scopes = append(view.Scopes, scopeView{scope, scopeKey(scope)})
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

func programOf(p identity.Program) programView {
	v := programView{ID: p.ID, Name: p.Name, Created: p.Created, Expires: p.Expires, Last: p.Used, Used: !p.Used.IsZero()}
	for _, scope := range p.Scopes {
		v.May = append(v.May, scopeKey(scope))
	}
	return v
}

// scopeKey is the key of what a program may do, in words.
func scopeKey(scope string) string { return "token.may." + strings.ReplaceAll(scope, ":", "-") }

// sign is a word by which a program gives itself away, and what people call it. The order counts:
// most browsers also claim to be another.
type sign struct{ word, name string }

var (
	browsers = []sign{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems  = []sign{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// where says in a few words what a program called itself. It is a hint for people, no proof.
func (l *locale) where(agent string) string {
	browser, system := signOf(agent, browsers), signOf(agent, systems)
	switch {
	case strings.HasPrefix(agent, "meins"):
		return l.T("account.where.command")
	case browser == "":
		return l.T("account.where.unknown")
	case system == "":
		return browser
	}
	return l.T("account.where", "browser", browser, "system", system)
}

func signOf(agent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(agent, s.word) {
			return s.name
		}
	}
	return ""
}
