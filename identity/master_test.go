package identity_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault/seal"
)

func TestReadMaster_createsOnce_forItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	first, err := identity.ReadMaster(path)
	must(t, err)
	again, err := identity.ReadMaster(path)
	must(t, err)
	if first.IsZero() || !first.Equal(again) {
		t.Error("two reads, two keys")
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 1 {
		t.Errorf("left in the folder: %v", left)
	}
}

func TestReadMaster_processesThatStartAtOnce_agree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	keys := make([]seal.Key, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			k, err := identity.ReadMaster(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	all.Wait()
	for _, k := range keys {
		if !k.Equal(keys[0]) {
			t.Error("two keys")
		}
	}
}

func TestReadMaster_whatOthersMayRead_isRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644, 0o777} {
		path := filepath.Join(t.TempDir(), "master.key")
		_, err := identity.ReadMaster(path)
		must(t, err)
		must(t, os.Chmod(path, mode))
		_, err = identity.ReadMaster(path)
		is(t, err, identity.ErrMasterMode)
	}
}

func TestReadCredential_admitsAnAccessList_andNobodyElse_andMakesNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins-master-key")
	if _, err := identity.ReadCredential(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	want, err := identity.ReadMaster(path)
	must(t, err)
	must(t, os.Chmod(path, 0o440)) // as the access list of another user shows
	got, err := identity.ReadCredential(path)
	must(t, err)
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("another key was read")
	}
	must(t, os.Chmod(path, 0o444))
	_, err = identity.ReadCredential(path)
	is(t, err, identity.ErrMasterMode)
}

func TestReadMaster_whatIsNoKey_isRefused_andNeverQuoted(t *testing.T) {
	for _, text := range []string{"", "short", "secret-marker!", base64.StdEncoding.EncodeToString(make([]byte, 32)), base64.StdEncoding.EncodeToString(random(31)), strings.Repeat("A", 10000)} {
		path := filepath.Join(t.TempDir(), "master.key")
		must(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := identity.ReadMaster(path)
		is(t, err, identity.ErrMasterFormat)
		if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error quotes the file: %v", err)
		}
		after, err := os.ReadFile(path)
		must(t, err)
		if string(after) != text {
			t.Error("the file was overwritten")
		}
	}
	if _, err := identity.ReadMaster(t.TempDir()); err == nil {
		t.Error("a folder is a key")
	}
}
