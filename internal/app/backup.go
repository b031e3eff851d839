package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/store/bolt"
)

// A backup is the store and nothing else. The master key is never in it: a stolen backup alone
// opens nothing, not even what the server may read.

type backupCmd struct {
	folder
	File  string `arg:"" help:"The backup to write; - is standard output."`
	Force bool   `env:"-" help:"Write over an existing file."`
}

// Run writes the backup to a file beside its final name and renames it, so that a backup that
// exists is whole.
func (c *backupCmd) Run(ctx context.Context, s *streams) error {
	if c.File == "-" {
		return c.write(ctx, s, s.out)
	}
	if !c.Force && fileExists(c.File) {
		return usageError{fmt.Errorf("%s exists; --force writes over it", c.File)}
	}
	err := writeWhole(c.File, func(w io.Writer) error { return c.write(ctx, s, w) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "wrote %s; it holds no master key: keep %s safe elsewhere\n",
		c.File, masterKeyPath(c.MasterKeyFile, c.Data))
	return err
}

// write streams the snapshot: from the running server, or from the folder itself.
func (c *backupCmd) write(ctx context.Context, s *streams, w io.Writer) error {
	client := c.dial(ctx)
	if client == nil {
		n, err := c.open(ctx, s, false)
		if err != nil {
			return err
		}
		return errors.Join(n.store.Backup(ctx, w), n.close(ctx))
	}
	resp, err := socketRequest(ctx, client, http.MethodGet, "/backup", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("receive backup: %w", err)
	}
	return nil
}

var errDataPresent = fault.New(fault.Conflict, "data-present", "the data folder already holds a database; restore into an empty one")

type restoreCmd struct {
	folder
	File string `arg:"" help:"The backup to restore; - is standard input."`
}

// Run puts the backup into the folder. Before that it is opened once with the master key beside its
// place, so that a backup that is damaged or belongs to another key is found now and not at the next
// start, and nothing of it stays.
func (c *restoreCmd) Run(ctx context.Context, s *streams) (err error) {
	if fileExists(storePath(c.Data)) {
		return errDataPresent
	}
	if key := masterKeyPath(c.MasterKeyFile, c.Data); !fileExists(key) {
		return usageError{fmt.Errorf("master-key-file: there is no %s; a backup opens only with the master key it was made under", key)}
	}
	in, err := c.source(s)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	fresh := !fileExists(c.Data)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return errFolder.Because(err)
	}
	if err := c.put(ctx, s, in); err != nil {
		if fresh {
			_ = os.Remove(c.Data) // an empty folder would only be untidy
		}
		return err
	}
	_, err = fmt.Fprintf(s.err, "restored %s into %s\n", c.File, c.Data)
	return err
}

// put writes the backup into a folder of its own inside the data folder, looks whether it is good, and
// only then moves it to where it counts.
func (c *restoreCmd) put(ctx context.Context, s *streams, in io.Reader) (err error) {
	aside, err := os.MkdirTemp(c.Data, ".restore-*")
	if err != nil {
		return errFolder.Because(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	if err := writeWhole(storePath(aside), func(w io.Writer) error { _, err := io.Copy(w, in); return err }); err != nil {
		return err
	}
	if err := c.check(ctx, s, aside); err != nil {
		return fmt.Errorf("the backup does not open, nothing was restored: %w", err)
	}
	if err := os.Rename(storePath(aside), storePath(c.Data)); err != nil {
		return errFolder.Because(err)
	}
	return syncDir(c.Data)
}

func (c *restoreCmd) source(s *streams) (io.ReadCloser, error) {
	if c.File == "-" {
		return io.NopCloser(s.in), nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, usageError{err}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(usageError{fmt.Errorf("%s is a folder, not a backup", c.File)}, f.Close())
	}
	return f, nil
}

func (c *restoreCmd) check(ctx context.Context, s *streams, data string) error {
	if err := bolt.Check(storePath(data)); err != nil {
		return err
	}
	n, err := openNode(ctx, nodeOptions{
		data: data, masterKeyFile: masterKeyPath(c.MasterKeyFile, c.Data), now: s.now, log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return n.close(ctx)
}

// writeWhole writes a file that only its owner reads, all or nothing: to a temporary file in the
// same folder, synced, then renamed.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("make temporary file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the write already failed; the leftover is only untidy
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
