package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/meins-id/meins/vault/seal"
)

var (
	// ErrMasterMode says that others than the owner may read the master key.
	ErrMasterMode = errors.New("the master key's file must be readable by its owner only (chmod 600)")
	// ErrMasterFormat says that a text is no master key.
	ErrMasterFormat = errors.New("a master key is 32 bytes in base64 that are not all zero")
)

// maxMaster is more than a master key's file ever holds.
const maxMaster = 4096

// ReadMaster reads the server's master key from path, and draws one if there is no such file. The
// file appears complete and on disk, or not at all, so that two processes that start at once agree.
func ReadMaster(path string) (seal.Key, error) {
	key, err := readMaster(path, 0o077)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createMaster(path, seal.NewKey()); err != nil && !errors.Is(err, fs.ErrExist) {
		return seal.Key{}, fmt.Errorf("create master key: %w", err)
	}
	return readMaster(path, 0o077)
}

// ReadCredential reads a master key that the service manager hands over (systemd's LoadCredential=);
// it never makes one. The manager admits the service's user by an access list, which shows as the
// group's bits of the mode although no group may read: so these are not held against it.
func ReadCredential(path string) (seal.Key, error) { return readMaster(path, 0o007) }

// ParseMaster reads a master key from the text of its file or credential.
func ParseMaster(text string) (seal.Key, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return seal.Key{}, ErrMasterFormat // the cause would quote the key
	}
	key, err := seal.KeyFrom(b)
	if err != nil {
		return seal.Key{}, ErrMasterFormat
	}
	return key, nil
}

// readMaster refuses a file whose mode has one of the refused bits. It asks the open file, not the
// path, so that nobody can change it in between.
func readMaster(path string, refused fs.FileMode) (seal.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return seal.Key{}, fmt.Errorf("read master key: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return seal.Key{}, fmt.Errorf("read master key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxMaster {
		return seal.Key{}, fmt.Errorf("read master key %s: %w", path, ErrMasterFormat)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&refused != 0 {
		return seal.Key{}, fmt.Errorf("read master key %s: %w", path, ErrMasterMode)
	}
	text := make([]byte, info.Size())
	if _, err := f.ReadAt(text, 0); err != nil {
		return seal.Key{}, fmt.Errorf("read master key %s: %w", path, ErrMasterFormat)
	}
	key, err := ParseMaster(string(text))
	if err != nil {
		return seal.Key{}, fmt.Errorf("read master key %s: %w", path, err)
	}
	return key, nil
}

// createMaster writes the key beside path and links it there, which fails with fs.ErrExist when
// another process was first.
func createMaster(path string, key seal.Key) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".master-*") // made with O_EXCL and mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the link stays
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key.Bytes()) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir brings the new name to disk. Windows cannot, and does not need to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
