package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/internal/fault"
)

type receiptCmd struct {
	Verify receiptVerifyCmd `cmd:"" help:"Check a consent receipt, or the head of all of an account; with --keys without asking anybody."`
}

type receiptVerifyCmd struct {
	File   string `arg:"" help:"The receipt or head, a signed token; - is standard input."`
	Keys   string `env:"-" placeholder:"FILE" help:"The provider's keys for receipts (JWKS), as GET /api/v1/receipts/keys gives them."`
	Issuer string `placeholder:"URL" help:"The provider that must have signed it; without --keys, where its keys are asked for."`
	JSON   bool   `env:"-" help:"Print the receipt as JSON."`
}

// maxReceipt bounds what is read of a receipt and of keys.
const maxReceipt = 1 << 20

var (
	errReceipt     = fault.New(fault.Denied, "receipt-bad", "the receipt is not good")
	errReceiptFile = fault.New(fault.NotFound, "receipt-file", "the file cannot be read")
	errReceiptKeys = fault.New(fault.Unavailable, "receipt-keys", "the provider's keys cannot be read")
)

// Run checks the receipt and says what it is about.
func (c *receiptVerifyCmd) Run(ctx context.Context, s *streams) error {
	if c.Keys == "" && c.Issuer == "" {
		return usageError{fmt.Errorf("receipt verify: needs --keys FILE, or --issuer URL to ask for the keys")}
	}
	text, err := readLimited(s.in, c.File)
	if err != nil {
		return errReceiptFile.Because(err)
	}
	keys, err := c.keys(ctx, s)
	if err != nil {
		return err
	}
	token := strings.TrimSpace(string(text))
	if receipt.IsHead(token) {
		return c.head(s, token, keys)
	}
	signed, err := receipt.Verify(token, c.Issuer, keys)
	if err != nil {
		return errReceipt.Because(err)
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(signed.Document)
	}
	return tell(s.out, signed)
}

// head checks what the provider signed of the whole record of decisions.
func (c *receiptVerifyCmd) head(s *streams, token string, keys []jose.JSONWebKey) error {
	head, err := receipt.VerifyHead(token, c.Issuer, keys)
	if err != nil {
		return errReceipt.Because(err)
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(head)
	}
	_, err = fmt.Fprintf(s.out, "good, signed by %s\n%s  head of the record of account %s\nreceipts  %d\nnewest    %s\n",
		head.Issuer, head.Issued.Format("2006-01-02 15:04 MST"), head.Account, head.Seq, head.Hash)
	return err
}

// keys reads the provider's keys for receipts, from a file or from the provider itself.
func (c *receiptVerifyCmd) keys(ctx context.Context, s *streams) ([]jose.JSONWebKey, error) {
	raw, err := c.rawKeys(ctx, s)
	if err != nil {
		return nil, errReceiptKeys.Because(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, errReceiptKeys.Because(err)
	}
	return set.Keys, nil
}

func (c *receiptVerifyCmd) rawKeys(ctx context.Context, s *streams) ([]byte, error) {
	if c.Keys != "" {
		return readLimited(s.in, c.Keys)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.Issuer, "/")+"/api/v1/receipts/keys", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the provider answers %s", answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxReceipt))
}

// readLimited reads a file, or standard input for "-".
func readLimited(in io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(in, maxReceipt))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxReceipt))
}

// tell prints what a receipt says, for a person.
func tell(w io.Writer, signed receipt.Signed) error {
	e := signed.Events[0]
	var b strings.Builder
	fmt.Fprintf(&b, "good, signed by %s\n", signed.Issuer)
	fmt.Fprintf(&b, "%s  %s\n", e.Time.UTC().Format("2006-01-02 15:04 MST"), strings.TrimPrefix(e.State, "https://w3id.org/dpv#"))
	fmt.Fprintf(&b, "vendor  %s (%s)\n", signed.Parties[0].Name, signed.Vendor)
	for _, p := range signed.Processing.Purposes {
		names := make([]string, len(p.Information))
		for i, one := range p.Information {
			names[i] = one.Attribute
		}
		fmt.Fprintf(&b, "for     %s: %s\n", p.Purpose, strings.Join(names, ", "))
	}
	if t := signed.Processing.Terms; t != nil && t.Agreed != nil {
		fmt.Fprintf(&b, "terms   %s, version %s: %s\n", t.Agreed.ID, t.Agreed.Version, t.Agreed.Address)
	} else if t != nil && len(t.Proffered) > 0 {
		fmt.Fprintf(&b, "terms   the vendor accepted none that were proffered\n")
	}
	if !e.Until.IsZero() {
		fmt.Fprintf(&b, "until   %s\n", e.Until.UTC().Format(time.DateOnly))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
