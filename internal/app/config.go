package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault/seal"
)

// serverConfig is every setting of a running server. docs/config.md explains them.
type serverConfig struct {
	Issuer            string        `required:"" placeholder:"URL" help:"The provider's public address; https, or http on loopback."`
	Listen            string        `default:"127.0.0.1:8440" placeholder:"ADDR" help:"Where to serve customers and vendors."`
	AdminListen       string        `placeholder:"ADDR" help:"Where to serve metrics and health; off when empty."`
	Data              string        `default:"meins-data" placeholder:"DIR" help:"The data folder."`
	MasterKeyFile     string        `placeholder:"FILE" help:"The server's master key; DIR/master.key when empty, created on first start."`
	TLSCert           string        `name:"tls-cert" placeholder:"FILE" help:"Certificate chain (PEM), to serve https without a proxy."`
	TLSKey            string        `name:"tls-key" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	MTLSURL           string        `name:"mtls-url" placeholder:"URL" help:"Where vendors present certificates (mutual TLS, RFC 8705): https and a host; off when empty."`
	MTLSListen        string        `name:"mtls-listen" placeholder:"ADDR" help:"Where to serve mtls-url directly, with tls-cert."`
	MTLSHeader        string        `name:"mtls-header" placeholder:"NAME" help:"The header in which a trusted proxy tells the certificate, such as Client-Cert (RFC 9440)."`
	MTLSCA            string        `name:"mtls-ca" placeholder:"FILE" help:"Authorities (PEM) whose certificates vendors may prove themselves with (tls_client_auth)."`
	TrustedProxy      []string      `placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	Registration      string        `enum:"off,token,open" default:"off" help:"Who may register a vendor beside you: nobody (off), who has a token of yours (token), or anybody (open)."`
	ClientIDDocuments bool          `help:"Take vendors whose client_id is the https address of a document about them."`
	ReadLog           string        `enum:"gathered,strict" default:"gathered" help:"Record reads within a second (gathered), or each before its answer (strict)."`
	RateVendor        int           `default:"600" placeholder:"N" help:"How many calls of the API a vendor may make in a minute; 0 is as many as it likes."`
	RateProgram       int           `default:"120" placeholder:"N" help:"How many a customer's own program may make; 0 is as many as it likes."`
	SessionLifetime   time.Duration `default:"168h" help:"How long a customer stays signed in."`
	KeyRotation       time.Duration `default:"0" placeholder:"DURATION" help:"How often keys are replaced by themselves, such as 2160h; 0 is never."`
	LogLevel          string        `enum:"debug,info,warn,error" default:"info" help:"What to log: debug, info, warn, error."`
	LogFormat         string        `enum:"json,text" default:"json" help:"How to log: json or text."`
}

// validate lists every mistake at once: nobody likes to find them one by one.
func (c *serverConfig) validate() error {
	var problems []string
	add := func(setting, format string, args ...any) {
		problems = append(problems, setting+": "+fmt.Sprintf(format, args...))
	}
	if err := checkIssuer(c.Issuer); err != nil {
		add("issuer", "%v", err)
	}
	if err := checkListen(c.Listen); err != nil {
		add("listen", "%v", err)
	}
	if c.AdminListen != "" {
		if err := checkListen(c.AdminListen); err != nil {
			add("admin-listen", "%v", err)
		}
	}
	if c.Data == "" {
		add("data", "must name a folder")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		add("tls-cert", "goes with tls-key")
	}
	if _, err := c.proxies(); err != nil {
		add("trusted-proxy", "%v", err)
	}
	if c.MTLSListen != "" {
		if err := checkListen(c.MTLSListen); err != nil {
			add("mtls-listen", "%v", err)
		}
	}
	c.checkCertificates(add)
	for _, rate := range []struct {
		setting string
		n       int
	}{{"rate-vendor", c.RateVendor}, {"rate-program", c.RateProgram}} {
		if rate.n < 0 || rate.n > 1_000_000 {
			add(rate.setting, "must be between 0 and 1000000")
		}
	}
	if c.SessionLifetime < 5*time.Minute || c.SessionLifetime > 90*24*time.Hour {
		add("session-lifetime", "must be between 5m and 2160h")
	}
	if c.KeyRotation != 0 && (c.KeyRotation < 72*time.Hour || c.KeyRotation > 17520*time.Hour) {
		add("key-rotation", "must be 0, or between 72h and 17520h")
	}
	if len(problems) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%d %s: %s", len(problems), plural(len(problems), "problem", "problems"), strings.Join(problems, "; "))}
}

// checkIssuer holds OpenID Connect Discovery 3: https, no query, no fragment. Plain http is for
// trying things on one's own machine, nothing else.
func checkIssuer(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errors.New("must be an address such as https://id.example.org")
	case u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "#"):
		return errors.New("must have no query and no fragment")
	case u.Path != "":
		return errors.New("must have no path and no trailing slash")
	case u.Host != inBrowsers(u.Host):
		return errors.New("must have its host in lower case and ASCII, as browsers send it")
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return errors.New("must not name the port that is meant without it")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https (http only on loopback)")
}

// inBrowsers is a host as browsers send it, or nothing where they would send another: names in other
// scripts are the operator's to translate.
func inBrowsers(host string) string {
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	return strings.ToLower(host)
}

// checkListen holds what can be listened on: a host, perhaps empty, and a port.
func checkListen(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("must be host:port")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("must have a port between 0 and 65535")
	}
	return nil
}

// loopback says whether a host name means this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// proxies parses the trusted proxies; a bare address means that one address.
func (c *serverConfig) proxies() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(c.TrustedProxy))
	for _, s := range c.TrustedProxy {
		if addr, err := netip.ParseAddr(s); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a CIDR range", s)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

// checkEnvironment finds misspelt settings: a MEINS_ variable that no flag of any command owns.
func checkEnvironment(known map[string]bool, environ []string) error {
	var unknown []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "MEINS_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("unknown %s in the environment: %s", plural(len(unknown), "setting", "settings"), strings.Join(unknown, ", "))}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// masterKeyPath says where the master key lies: as set, as a systemd credential, or in the folder.
func masterKeyPath(set, data string) string {
	if set != "" {
		return set
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if path := dir + "/meins-master-key"; fileExists(path) {
			return path
		}
	}
	return data + "/master.key"
}

// readMasterKey reads the key at path, and makes one where none is, unless the service manager owns
// that folder.
func readMasterKey(path string) (seal.Key, error) {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(path) == filepath.Clean(dir) {
		return identity.ReadCredential(path)
	}
	return identity.ReadMaster(path)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
