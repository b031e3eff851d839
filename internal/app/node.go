package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/repeat"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/signal"
)

// node is one opened data folder with the domain on top: what a server serves, and what an
// administrator's command works on when no server runs.
type node struct {
	store    *bolt.Store
	calls    *repeat.Store // the same, for the domain: it knows which call a change belongs to
	keys     *identity.Keyring
	accounts *identity.Accounts
	vendors  *identity.Vendors
	consent  *consent.Engine
	signals  *signal.Transmitter
	rotation time.Duration // how often keys are replaced; 0 is never
}

// nodeOptions is what of the configuration a node needs.
type nodeOptions struct {
	issuer              string // empty for a command, which tells vendors nothing
	data, masterKeyFile string
	sessionLifetime     time.Duration
	keyRotation         time.Duration
	strictReads         bool
	now                 func() time.Time
	log                 *slog.Logger
}

var errFolder = fault.New(fault.Unavailable, "data-folder", "the data folder cannot be opened")

// errKeyMissing keeps a new key from being written beside a database that it could never open.
var errKeyMissing = fault.New(fault.Unavailable, "master-key-missing", "the database is there and its master key is not; put the key back")

// openNode opens the data folder, creating it and its keys on first start.
func openNode(ctx context.Context, o nodeOptions) (*node, error) {
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, errFolder.Because(err)
	}
	key, fresh := masterKeyPath(o.masterKeyFile, o.data), !fileExists(storePath(o.data))
	if !fresh && !fileExists(key) {
		return nil, errKeyMissing.Because(fmt.Errorf("there is no %s", key))
	}
	master, err := readMasterKey(key)
	if err != nil {
		return nil, errFolder.Because(err)
	}
	st, err := bolt.Open(storePath(o.data), bolt.Options{Now: o.now})
	if err != nil {
		return nil, errFolder.Because(err)
	}
	if fresh {
		o.log.InfoContext(ctx, "new database", "data", o.data) // news to whoever meant to open an old one
	}
	warnOfOthers(ctx, o.log, o.data, storePath(o.data))
	keys, err := identity.OpenKeyring(ctx, st, master, o.now)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open key ring: %w", err), st.Close())
	}
	reads := consent.Gathered
	if o.strictReads {
		reads = consent.Strict
	}
	calls := repeat.Over(st, keys, o.now)
	vendors := identity.NewVendors(calls, keys, o.now)
	return &node{
		store:    st,
		calls:    calls,
		keys:     keys,
		accounts: identity.NewAccounts(identity.AccountOptions{Store: calls, Keys: keys, Now: o.now, SessionLifetime: o.sessionLifetime}),
		vendors:  vendors,
		rotation: o.keyRotation,
		consent:  consent.New(consent.Options{Store: calls, Now: o.now, ReadLog: reads, Log: o.log}),
		signals: signal.New(signal.Options{
			Issuer: o.issuer, Store: calls, Keys: keys, Vendors: vendors, Now: o.now, Log: o.log,
			Subject: func(v identity.Vendor, account id.Account, persona id.Persona) string {
				return keys.PairwiseSub(string(account), string(persona), v.Sector())
			},
			// Whoever runs the provider on loopback has the vendors there too.
			Out: egress.New(egress.Options{Loopback: strings.HasPrefix(o.issuer, "http:")}),
		}),
	}, nil
}

// warnOfOthers names what more people than the owner can open. Unlike the master key's file, which is
// refused then, these hold nothing that opens without it.
func warnOfOthers(ctx context.Context, log *slog.Logger, paths ...string) {
	if runtime.GOOS == "windows" {
		return
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			log.WarnContext(ctx, "others may open this; chmod go= closes it", "path", path, "mode", info.Mode().String())
		}
	}
}

// close writes what is gathered and releases the folder, in that order.
func (n *node) close(ctx context.Context) error {
	return errors.Join(n.consent.Close(ctx), n.store.Close())
}

func storePath(data string) string  { return filepath.Join(data, "meins.db") }
func socketPath(data string) string { return filepath.Join(data, "admin.sock") }

// ready says whether requests can be answered: the store reads, and what is released can be recorded.
func (n *node) ready(ctx context.Context) error { return n.store.Ready(ctx) }

// Intervals of the housekeeping.
const (
	sweepEvery   = time.Minute
	expireAtMost = 5000 // consents a minute that the clock ended
	sweepAtMost  = 5000 // records a sweep, so that customers' commits never wait long
	refreshEvery = 30 * time.Second
)

// housekeep finishes deletions that were cut off, removes what has expired, looks for keys that another node
// or command made, and replaces keys whose time has come.
func (n *node) housekeep(ctx context.Context, finish func(context.Context) error, log *slog.Logger) {
	sweep, refresh := time.NewTicker(sweepEvery), time.NewTicker(refreshEvery)
	defer sweep.Stop()
	defer refresh.Stop()
	n.tidy(ctx, finish, log)
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			n.tidy(ctx, finish, log)
		case <-refresh.C:
			if err := n.keys.Refresh(ctx); err != nil && ctx.Err() == nil {
				log.Error("refresh key ring", "err", err)
			}
			if err := n.keys.Tend(ctx, n.rotation); err != nil && ctx.Err() == nil {
				log.Error("tend key ring", "err", err)
			}
		}
	}
}

// tidy deletes what is over.
func (n *node) tidy(ctx context.Context, finish func(context.Context) error, log *slog.Logger) {
	if err := finish(ctx); err != nil && ctx.Err() == nil {
		log.Error("finish deletions of accounts", "err", err)
	}
	if _, err := n.consent.Expire(ctx, expireAtMost); err != nil && ctx.Err() == nil {
		log.Error("write down what has ended", "err", err)
	}
	if _, err := n.store.Sweep(ctx, sweepAtMost); err != nil && ctx.Err() == nil {
		log.Error("sweep expired records", "err", err)
	}
}
