package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// The administrator's commands work beside a running server, through a socket in the data folder
// that only its owner can open, and without a server, on the folder itself. Both ways end in the
// same table of operations, so they cannot differ.

// operation is one thing an administrator can do: JSON in, JSON out.
type operation func(ctx context.Context, n *node, in json.RawMessage) (any, error)

var operations = map[string]operation{
	"vendor.add":           op(addVendor),
	"vendor.list":          op(listVendors),
	"vendor.show":          op(showVendor),
	"vendor.set":           op(setStanding),
	"vendor.rotate-secret": op(rotateVendorSecret),
	"vendor.remove":        op(removeVendor),
	"vendor.verify":        op(verifyVendor),
	"invitation.new":       op(newInvitation),
	"invitation.list":      op(listInvitations),
	"invitation.revoke":    op(revokeInvitation),
	"keys.list":            op(listKeys),
	"keys.rotate":          op(rotateKeys),
	"keys.revoke":          op(revokeKey),
}

// begins are the operations that a new folder may begin with.
var begins = map[string]bool{"vendor.add": true, "invitation.new": true}

// op decodes the input for a typed function.
func op[In, Out any](f func(context.Context, *node, In) (Out, error)) operation {
	return func(ctx context.Context, n *node, raw json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, errBadOperation.Because(err)
		}
		return f(ctx, n, in)
	}
}

var errBadOperation = fault.New(fault.Invalid, "bad-operation", "the server does not know this operation; is it the same version?")

type (
	vendorRef struct {
		ID id.Client `json:"id"`
	}
	nothing    struct{}
	credential struct {
		ClientID     id.Client `json:"client_id"`
		ClientSecret string    `json:"client_secret,omitempty"`
	}
)

func addVendor(ctx context.Context, n *node, v identity.Vendor) (credential, error) {
	added, secret, err := n.vendors.Add(ctx, v)
	return credential{added.ID, secret}, err
}

func listVendors(ctx context.Context, n *node, _ nothing) ([]vendorView, error) {
	all, err := n.vendors.List(ctx)
	views := make([]vendorView, 0, len(all))
	for _, v := range all {
		views = append(views, viewVendor(v))
	}
	return views, err
}

func showVendor(ctx context.Context, n *node, ref vendorRef) (vendorView, error) {
	v, err := n.vendors.Get(ctx, ref.ID)
	return viewVendor(v), err
}

func rotateVendorSecret(ctx context.Context, n *node, ref vendorRef) (credential, error) {
	secret, err := n.vendors.RotateSecret(ctx, ref.ID)
	return credential{ref.ID, secret}, err
}

// removeVendor ends the vendor's grants first: if the second step fails, nothing is released.
func removeVendor(ctx context.Context, n *node, ref vendorRef) (nothing, error) {
	if _, err := n.vendors.Get(ctx, ref.ID); err != nil {
		return nothing{}, err
	}
	if err := n.consent.Revoke(ctx, ref.ID); err != nil {
		return nothing{}, fmt.Errorf("end its grants: %w", err)
	}
	if err := n.signals.Forget(ctx, ref.ID); err != nil {
		return nothing{}, err
	}
	return nothing{}, n.vendors.Remove(ctx, ref.ID)
}

// adminFault is a fault on its way through the socket.
type adminFault struct {
	Kind fault.Kind `json:"kind"`
	Code string     `json:"code"`
	Text string     `json:"text"`
}

const maxOperation = 1 << 20 // bytes of one operation's input

// serveAdmin serves the operations and the backup on the data folder's socket until ctx ends.
func serveAdmin(ctx context.Context, n *node, data string, log *slog.Logger) (*http.Server, error) {
	path := socketPath(data)
	// A socket left by a server that died cannot be listened on again; the store's lock says that
	// no other server lives, so it is ours to remove.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errFolder.Because(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, errFolder.Because(fmt.Errorf("listen on admin socket: %w", err))
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(errFolder.Because(err), l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /operation/{name}", func(w http.ResponseWriter, r *http.Request) { answerOperation(w, r, n, log) })
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) { answerBackup(w, r, n, log) })
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin socket", "err", err)
		}
	}()
	return srv, nil
}

// answerBackup streams the backup, or says why there is none.
func answerBackup(w http.ResponseWriter, r *http.Request, n *node, log *slog.Logger) {
	began := false
	err := n.store.Backup(r.Context(), writerFunc(func(p []byte) (int, error) {
		began = true
		return w.Write(p)
	}))
	switch {
	case err == nil:
	case began:
		log.Error("backup", "err", err)
		panic(http.ErrAbortHandler) // the reader must see a broken stream, not a short file
	default:
		answerRefusal(w, "backup", err, log)
	}
}

// writerFunc is a function that takes what is written.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// answerRefusal tells the administrator why. He owns the machine: the whole error helps and hides
// nothing from him.
func answerRefusal(w http.ResponseWriter, operation string, err error, log *slog.Logger) {
	f := fault.Of(err)
	log.Info("admin operation refused", "operation", operation, "problem", f.Code, "err", err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	if err := json.NewEncoder(w).Encode(adminFault{f.Kind, f.Code, err.Error()}); err != nil {
		log.Debug("admin answer", "err", err)
	}
}

func answerOperation(w http.ResponseWriter, r *http.Request, n *node, log *slog.Logger) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOperation))
	var out any
	if err == nil {
		out, err = runOperation(r.Context(), n, r.PathValue("name"), body)
	}
	if err != nil {
		answerRefusal(w, r.PathValue("name"), err, log)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		log.Debug("admin answer", "err", err)
	}
}

func runOperation(ctx context.Context, n *node, name string, in json.RawMessage) (any, error) {
	o, ok := operations[name]
	if !ok {
		return nil, errBadOperation
	}
	return o(ctx, n, in)
}

// folder is the flags of every administrator's command.
type folder struct {
	Data          string `default:"meins-data" placeholder:"DIR" help:"The data folder."`
	MasterKeyFile string `placeholder:"FILE" help:"The server's master key; DIR/master.key when empty."`
}

// do runs one operation: through the socket when a server runs, else on the folder itself.
func (f folder) do(ctx context.Context, io *streams, name string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode operation: %w", err)
	}
	if client := f.dial(ctx); client != nil {
		return overSocket(ctx, client, name, body, out)
	}
	n, err := f.open(ctx, io, begins[name])
	if err != nil {
		return err
	}
	result, err := runOperation(ctx, n, name, body)
	if err = errors.Join(err, n.close(ctx)); err != nil {
		return err
	}
	return reencode(result, out)
}

// open opens the folder itself; it must exist, for a misspelt --data must not make a new one. Only what
// begins something makes a database in it: the backup of a new one would look like the one that was meant.
func (f folder) open(ctx context.Context, io *streams, begin bool) (*node, error) {
	if !fileExists(f.Data) {
		return nil, usageError{fmt.Errorf("data: there is no folder %q; 'meins serve' makes it", f.Data)}
	}
	if !begin && !fileExists(storePath(f.Data)) {
		return nil, usageError{fmt.Errorf("data: there is no database in %q; 'meins serve' makes it", f.Data)}
	}
	return openNode(ctx, nodeOptions{data: f.Data, masterKeyFile: f.MasterKeyFile, now: io.now, log: slog.New(slog.DiscardHandler)})
}

// dial gives a client for the running server's socket, or nil when none answers.
func (f folder) dial(ctx context.Context) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socketPath(f.Data))
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil
	}
	_ = conn.Close() // it only showed that somebody listens
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

func overSocket(ctx context.Context, client *http.Client, name string, body []byte, out any) error {
	resp, err := socketRequest(ctx, client, http.MethodPost, "/operation/"+name, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

func reencode(from, to any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return json.Unmarshal(b, to)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
