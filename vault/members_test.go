package vault

import (
	"bytes"
	"encoding/json"
	"testing"
)

// awkward are capsules that an agent of another make could write.
var awkward = []string{
	`{}`, ` { } `, `null`, `[]`, `1`, `""`, ``, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":1}{"b":2}`,
	`{"a":1}`, `{"email":"ada@example.org","address":{"country":"GB","lines":["a,b","}"]},"n":null}`,
	`{ "a" : "x\\" , "b" : [ 1 , { "c" : "]" } ] }`, `{"a":"\\\"","b":"{"}`, `{"a":1,"a":2}`, `{"":0}`,
	`{"\u0061":1}`, `{"a\"b":1}`, "{\"\xff\":1}", "{\"a\":\"\xff\"}", `{"ä":1}`, `{"a":[[[]]],"b":{}}`, "\t{\n\"a\":\r1\n}\n",
}

func TestParseClaims_readsWhatEncodingJSONReads(t *testing.T) {
	for _, text := range awkward {
		sameAsUnmarshal(t, []byte(text))
	}
}

func FuzzParseClaims(f *testing.F) {
	for _, text := range awkward {
		f.Add([]byte(text))
	}
	f.Fuzz(sameAsUnmarshal)
}

func sameAsUnmarshal(t *testing.T, text []byte) {
	t.Helper()
	var want Claims
	wantErr := json.Unmarshal(text, &want)
	got, err := parseClaims(text)
	if (err == nil) != (wantErr == nil) || len(got) != len(want) || (got == nil) != (want == nil) {
		t.Fatalf("%q: %d members, %v; json reads %d, %v", text, len(got), err, len(want), wantErr)
	}
	for name, value := range want {
		if other, ok := got[name]; !ok || !bytes.Equal(other, value) {
			t.Fatalf("%q: %q is %q, json reads %q", text, name, other, value)
		}
	}
}

// Whoever appends to a value must not write into the next.
func TestParseClaims_values_doNotReachIntoEachOther(t *testing.T) {
	c, err := parseClaims([]byte(`{"a":1,"b":2}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(c["a"], "xxxxx"...)
	if string(c["b"]) != "2" {
		t.Errorf("b became %s", c["b"])
	}
}
