package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/meins-id/meins/vault/agent"
)

// profile is what the command line's agent keeps between calls, one file per provider, readable by
// its owner only: the session's cookie, and the vault key encrypted under the session's share,
// which only the server has. Neither half opens the vault.
type profile struct {
	path string

	mu   sync.Mutex // the agent calls concurrently, and every answer may set the cookie
	kept profileFile
}

// profileFile is the file as it is written.
type profileFile struct {
	Issuer string     `json:"issuer"`
	Login  string     `json:"login,omitempty"`  // who the session belongs to
	Cookie string     `json:"cookie,omitempty"` // name=value
	Kept   agent.Kept `json:"kept"`
}

// openProfile reads the profile for an issuer, or starts an empty one.
func openProfile(home, issuer string) (*profile, error) {
	if home == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, usageError{fmt.Errorf("home: %w; name a folder with --home", err)}
		}
		home = filepath.Join(dir, "meins")
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, usageError{fmt.Errorf("home: %w", err)}
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, usageError{fmt.Errorf("issuer: %w", err)}
	}
	p := &profile{path: filepath.Join(home, strings.ReplaceAll(u.Host, ":", "_")+".json")}
	b, err := os.ReadFile(p.path)
	if err == nil {
		err = json.Unmarshal(b, &p.kept)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, usageError{fmt.Errorf("home: read %s: %w", p.path, err)}
	}
	if p.kept.Issuer != issuer {
		p.kept = profileFile{Issuer: issuer} // a session on https is never sent over http
	}
	return p, nil
}

// issuer is the provider that the profile is for.
func (p *profile) issuer() string { return p.kept.Issuer }

// Load gives the agent what it kept (agent.Keeper).
func (p *profile) Load(context.Context) (agent.Kept, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept.Kept, nil
}

// Save keeps it (agent.Keeper).
func (p *profile) Save(_ context.Context, k agent.Kept) error {
	return p.change(func(f *profileFile) { f.Kept = k })
}

func (p *profile) cookie() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept.Cookie
}

func (p *profile) setCookie(c string) error {
	if p.cookie() == c {
		return nil
	}
	return p.change(func(f *profileFile) { f.Cookie = c })
}

func (p *profile) login() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept.Login
}

func (p *profile) setLogin(login string) error {
	return p.change(func(f *profileFile) { f.Login = login })
}

// change writes the file anew.
func (p *profile) change(edit func(*profileFile)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.kept)
	b, err := json.MarshalIndent(p.kept, "", "  ")
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	return writeWhole(p.path, func(w io.Writer) error { _, err := w.Write(b); return err })
}
