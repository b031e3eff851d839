package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/meins-id/meins/internal/fault"
)

var errListen = fault.New(fault.Unavailable, "listen", "the address cannot be listened on")

// doors are where a server is called, before anybody answers there.
type doors struct {
	main, admin, vendors net.Listener // the last two where they are set
	cert                 *keyPair     // nil without one
}

// openDoors comes before a folder and keys are made: a certificate that does not serve, or an address that
// somebody else has, is to leave nothing behind.
func openDoors(ctx context.Context, c serverConfig, now func() time.Time, log *slog.Logger) (*doors, error) {
	if _, err := c.certificates(); err != nil {
		return nil, err
	}
	cert, err := c.certificate(now, log)
	if err != nil {
		return nil, err
	}
	d := &doors{cert: cert}
	for _, door := range []struct {
		address string
		opened  *net.Listener
	}{{c.Listen, &d.main}, {c.AdminListen, &d.admin}, {c.MTLSListen, &d.vendors}} {
		if door.address == "" {
			continue
		}
		var lc net.ListenConfig
		if *door.opened, err = lc.Listen(ctx, "tcp", door.address); err != nil {
			return nil, errors.Join(errListen.Because(err), d.close())
		}
	}
	return d, nil
}

// close closes those that no server has closed.
func (d *doors) close() (err error) {
	for _, l := range []net.Listener{d.main, d.admin, d.vendors} {
		if l == nil {
			continue
		}
		if e := l.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}
