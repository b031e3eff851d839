package identity

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

func FuzzDN(f *testing.F) {
	for _, s := range []string{
		"CN=x", `CN=a\,b,O=c+OU=d`, "1.2.3=#0c0178,C=DE", `UID=\e2\82\ac`, "CN=", "=x", "CN=a,", `CN=\`, `CN=\z1`, "CN= x", `CN=x\ `, "2.5.4.03=x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		names, err := parseDN(s)
		if err != nil {
			return
		}
		if len(names) == 0 || !sameDN(names, names) && !hasDER(names) {
			t.Errorf("%q is not itself", s)
		}
		for _, relative := range names {
			for _, part := range relative {
				if part.oid == "" || part.text == "" && part.der == "" {
					t.Errorf("%q has an empty part", s)
				}
			}
		}
		if sameDN(names, append(names, names[0])) {
			t.Errorf("%q is more than itself", s)
		}
	})
}

func hasDER(names [][]dnPart) bool {
	for _, relative := range names {
		for _, part := range relative {
			if part.der != "" {
				return true
			}
		}
	}
	return false
}

func TestDN_ofACertificate_isThatWhichGoWrites(t *testing.T) {
	for _, name := range []pkix.Name{
		{CommonName: "flowers"},
		{CommonName: `a,b+c"d;e<f>g\h=i#j`, Organization: []string{" spaces "}, Country: []string{"DE"}, Locality: []string{"Köln"}},
		{CommonName: "#hash", OrganizationalUnit: []string{"one", "two"}, SerialNumber: "7", Province: []string{"NRW"}, StreetAddress: []string{"Hauptstraße 1"}},
	} {
		raw, err := asn1.Marshal(name.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		cert, err := certificateDN(raw)
		if err != nil {
			t.Fatal(err)
		}
		written, err := parseDN(name.String())
		if err != nil || !sameDN(written, cert) {
			t.Errorf("%s: %v", name, err)
		}
		if sameDN(nil, cert) || sameDN(written[1:], cert) {
			t.Errorf("less than %s is taken for it", name)
		}
	}
}
