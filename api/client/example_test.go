package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/meins-id/meins/api/client"
	"github.com/meins-id/meins/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// Who begins as a vendor asks what customers would be asked, before there are any.
func ExampleClientWithResponses_PreviewRequestWithResponse() {
	ctx := context.Background()
	issuer, token, done := running()
	defer done()

	c, err := client.NewClientWithResponses(issuer+"/api/v1", client.WithRequestEditorFn(
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+token) // got by client_credentials
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.PreviewRequestWithResponse(ctx, client.PreviewedRequest{Scope: "openid email"})
	if err != nil || answer.JSON200 == nil {
		fmt.Println(err, answer.Status())
		return
	}
	for _, claim := range answer.JSON200.Ask.Claims {
		fmt.Println("asks for", claim.Name)
	}
	for _, finding := range answer.JSON200.Findings {
		fmt.Println(finding.Code)
	}
	// Output:
	// asks for email
	// asks for email_verified
	// policy-missing
	// purpose-missing
	// purpose-missing
}

// Without a session or a token there is a problem, by whose type programs decide.
func ExampleClientWithResponses_ListGrantsWithResponse() {
	issuer, _, done := running()
	defer done()

	c, err := client.NewClientWithResponses(issuer + "/api/v1")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.ListGrantsWithResponse(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.StatusCode(), answer.ApplicationProblemJSONDefault.Type)
	// Output: 401 https://meins.id/problems/no-session
}

// running is a provider with one vendor, and the vendor's own token.
func running() (issuer, token string, done func()) {
	t := &bench{}
	p := apptest.Start(t)
	v := p.AddVendor(t, "https://kornblume.example/callback")
	form := url.Values{"grant_type": {"client_credentials"}}
	return p.Issuer, p.Post(t, "/oauth/token", v, form).Text("access_token"), t.end
}

// bench stands where a test would: examples have none.
type bench struct {
	testing.TB // nothing of it is called but what stands here

	ends []func()
}

func (*bench) Helper() {}

func (*bench) Context() context.Context { return context.Background() }

func (b *bench) Cleanup(end func()) { b.ends = append(b.ends, end) }

func (*bench) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (*bench) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (*bench) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp("", "meins")
	if err != nil {
		panic(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) }) // what is left lies in the system's temporary folder
	return dir
}

// end undoes what was begun, the last first.
func (b *bench) end() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}

// A token that is shown once is not shown by printing it.
func TestMadeToken_isPrintedNowhere(t *testing.T) {
	made := client.MadeToken{Secret: "meins_marker"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "token", made)
	if said := fmt.Sprint(made) + fmt.Sprintf("%#v %+v", made, made) + log.String(); strings.Contains(said, "marker") {
		t.Error(said)
	}
}
