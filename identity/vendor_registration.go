package identity

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// How customers are named towards a vendor (OpenID Connect Core 8). The empty text is pairwise.
const (
	SubjectPairwise = "pairwise"
	SubjectPublic   = "public" // the same name towards every vendor that is public
)

// Registration is how a vendor that registered itself may change what it said (RFC 7591, RFC 7592).
type Registration struct {
	// Check is the hash of its registration access token.
	Check []byte `json:"check"`
	// By names the invitation that let it in; open registration has none.
	By InvitationID `json:"by,omitempty"`
	// Expires is when it is over if no customer has used it; 0 is never.
	Expires int64 `json:"expires,omitempty"`
	// Said is all of its metadata as it was registered, to be told again.
	Said json.RawMessage `json:"said"`
	// Scope is what it may ask for; nil is everything.
	Scope []string `json:"scope,omitempty"`
	// Texts are its name and addresses in other languages, as "client_name#de".
	Texts map[string]string `json:"texts,omitempty"`
}

// String hides the hash.
func (Registration) String() string { return redacted }

// GoString hides the hash.
func (Registration) GoString() string { return redacted }

// LogValue hides the hash.
func (Registration) LogValue() slog.Value { return slog.StringValue(redacted) }

// Credentials are what a vendor gets when it registers, once.
type Credentials struct {
	Secret string // empty, when it has none or keeps the one it has
	Token  string // to manage the registration with
}

// String hides the credentials.
func (Credentials) String() string { return redacted }

// GoString hides the credentials.
func (Credentials) GoString() string { return redacted }

// LogValue hides the credentials.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// Provisional says that the vendor is over at a time, unless a customer uses it before.
func (v Vendor) Provisional() bool { return v.Registration != nil && v.Registration.Expires != 0 }

// Text is the vendor's name or an address in one of the languages, the first that it has.
func (v Vendor) Text(name, plain string, languages []string) string {
	if v.Registration == nil {
		return plain
	}
	for _, language := range languages {
		if text := v.Registration.Texts[name+"#"+language]; text != "" {
			return text
		}
	}
	return plain
}

// expires is when the store may forget the vendor; zero is never.
func (r vendorRecord) expires() time.Time {
	if r.Registration == nil {
		return time.Time{}
	}
	return fromUnix(r.Registration.Expires)
}

// sameParty says whether who proved to be one vendor has proved to be the other: what customers
// recognise it by has not changed, nor where they are sent.
func (v Vendor) sameParty(o Vendor) bool {
	return v.Name == o.Name && v.Domain == o.Domain && v.LogoHash == o.LogoHash &&
		slices.Equal(v.RedirectURIs, o.RedirectURIs) && maps.Equal(v.names(), o.names())
}

// names are what it is called in other languages: a customer reads one of them in the place of its name.
func (v Vendor) names() map[string]string {
	if v.Registration == nil {
		return nil
	}
	names := maps.Clone(v.Registration.Texts)
	maps.DeleteFunc(names, func(name, _ string) bool { return !strings.HasPrefix(name, textName+"#") })
	return names
}

// textName is the text that is a vendor's name, as registered metadata calls it.
const textName = "client_name"

// IsName says whether a text can be a vendor's trade name.
func IsName(s string) bool { return isLine(s, maxVendorName) }

// IsPage says whether an address can be given to customers to read.
func IsPage(s string) bool { return isPage(s) }

// IsContact says whether somebody can be written to there.
func IsContact(s string) bool { return isContact(s) }

// IsLanguage says whether a text has the form of a BCP 47 tag.
func IsLanguage(s string) bool { return isLanguage(s) }
