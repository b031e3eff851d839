package identity

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is all that secrets ever print. Format covers every verb of fmt; String and GoString are
// there for those who call them themselves.
const redacted = "[redacted]"

// String names the session without its share.
func (s Session) String() string { return "session " + string(s.ID) }

// GoString names the session without its share.
func (s Session) GoString() string { return s.String() }

// Format names the session without its share, under every verb.
func (s Session) Format(f fmt.State, _ rune) { show(f, s.String()) }

// LogValue tells which session of which account, without its share.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(s.ID)), slog.String("account", string(s.Account)))
}

// String names the session without token and share.
func (o Opened) String() string { return o.Session.String() }

// GoString names the session without token and share.
func (o Opened) GoString() string { return o.Session.String() }

// Format names the session without token and share, under every verb.
func (o Opened) Format(f fmt.State, _ rune) { show(f, o.Session.String()) }

// LogValue tells which session, without token and share.
func (o Opened) LogValue() slog.Value { return o.Session.LogValue() }

// String hides slot and proof.
func (NewSlot) String() string { return redacted }

// GoString hides slot and proof.
func (NewSlot) GoString() string { return redacted }

// Format hides slot and proof under every verb.
func (NewSlot) Format(f fmt.State, _ rune) { show(f, redacted) }

// LogValue hides slot and proof.
func (NewSlot) LogValue() slog.Value { return slog.StringValue(redacted) }

// String hides the login name and the slots.
func (NewAccount) String() string { return redacted }

// GoString hides the login name and the slots.
func (NewAccount) GoString() string { return redacted }

// Format hides the login name and the slots under every verb.
func (NewAccount) Format(f fmt.State, _ rune) { show(f, redacted) }

// LogValue tells which account, without its login name.
func (n NewAccount) LogValue() slog.Value {
	return slog.GroupValue(slog.String("account", string(n.Account)))
}

// String names the vendor.
func (v Vendor) String() string { return "vendor " + string(v.ID) }

// GoString names the vendor.
func (v Vendor) GoString() string { return v.String() }

// Format names the vendor under every verb.
func (v Vendor) Format(f fmt.State, _ rune) { show(f, v.String()) }

// LogValue tells which vendor, without its secret's hash.
func (v Vendor) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(v.ID)), slog.String("domain", v.Domain))
}

func show(f fmt.State, s string) { _, _ = io.WriteString(f, s) } // fmt.State keeps no error
