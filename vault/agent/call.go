package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// method is one thing that a page can ask for: JSON in, anything out.
type method func(a *Agent, ctx context.Context, params []byte) (any, error)

// with reads the parameters of a method. Unknown members are a mistake of the page.
func with[P any](do func(a *Agent, ctx context.Context, p P) (any, error)) method {
	return func(a *Agent, ctx context.Context, params []byte) (any, error) {
		var p P
		d := json.NewDecoder(bytes.NewReader(params))
		d.DisallowUnknownFields()
		if err := d.Decode(&p); err != nil {
			return nil, ErrCall.Because(err)
		}
		return do(a, ctx, p)
	}
}

// What methods take. They carry secrets, and live only as long as the call.
type (
	none           struct{}
	loginParams    struct{ Login, Passphrase string }
	passParams     struct{ Passphrase string }
	strengthParams struct {
		Passphrase string
		Inputs     []string
	}
	changeParams struct {
		Current, New string
		KeepTokens   Tokens `json:"keep_tokens"`
	}
	tokenParams struct {
		Passphrase string
		NewToken
	}
	recoverParams struct {
		Login string
		Code  string `json:"recovery_code"`
	}
	codeParams struct {
		Code string `json:"recovery_code"`
	}
	getParams struct {
		Names   []string
		Persona id.Persona
		Grant   id.Grant
	}
	personaParams struct {
		Persona  id.Persona
		Name     string
		Inherits []string
		Withdraw bool
	}
	rulesParams struct {
		Persona id.Persona
		vault.Rules
	}
	termsParams struct {
		Persona id.Persona
		Terms   []string
	}
	askParams struct {
		Flow    string
		Persona id.Persona
	}
	extendParams struct {
		Grant id.Grant
		Ends  time.Time
	}
	eachParams struct {
		Grant    id.Grant
		EachTime bool `json:"each_time"`
	}
	revisionParams struct{ Revision uint64 }
	flowParams     struct{ Flow string }
	denyParams     struct{ Flow, Digest, Locale string }
	failParams     struct {
		Flow   string
		Reason FailureReason
	}
	grantParams    struct{ Grant id.Grant }
	releasesParams struct {
		Grant  id.Grant
		Before string
		Limit  int
	}
)

// methods are what Call offers, by the names that pages use.
var methods = map[string]method{
	"state": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return wrap(a.State(ctx)) }),
	"strength": with(func(a *Agent, _ context.Context, p strengthParams) (any, error) {
		return a.Strength(p.Passphrase, p.Inputs), nil
	}),

	"signup.prepare": with(func(a *Agent, ctx context.Context, p loginParams) (any, error) {
		return wrap(a.PrepareSignUp(ctx, p.Login, p.Passphrase))
	}),
	"signup.confirm": with(func(a *Agent, ctx context.Context, p codeParams) (any, error) {
		return wrap(a.ConfirmSignUp(ctx, p.Code))
	}),
	"login": with(func(a *Agent, ctx context.Context, p loginParams) (any, error) {
		return wrap(a.Login(ctx, p.Login, p.Passphrase))
	}),
	"unlock": with(func(a *Agent, ctx context.Context, p passParams) (any, error) {
		return wrap(a.Unlock(ctx, p.Passphrase))
	}),
	"recover": with(func(a *Agent, ctx context.Context, p recoverParams) (any, error) {
		return wrap(a.Recover(ctx, p.Login, p.Code))
	}),
	"renew": with(func(a *Agent, ctx context.Context, p passParams) (any, error) {
		return wrap(a.PrepareRenewal(ctx, p.Passphrase))
	}),
	"renew.confirm": with(func(a *Agent, ctx context.Context, p codeParams) (any, error) {
		return wrap(a.ConfirmRenewal(ctx, p.Code))
	}),
	"logout":            with(func(a *Agent, ctx context.Context, _ none) (any, error) { return done(a.Logout(ctx)) }),
	"logout.everywhere": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return done(a.LogoutEverywhere(ctx)) }),
	"sessions": with(func(a *Agent, ctx context.Context, _ none) (any, error) {
		return list("sessions")(wrap(a.Sessions(ctx)))
	}),

	"passphrase.change": with(func(a *Agent, ctx context.Context, p changeParams) (any, error) {
		return done(a.ChangePassphrase(ctx, p.Current, p.New, p.KeepTokens))
	}),
	"recovery.replace.prepare": with(func(a *Agent, ctx context.Context, p passParams) (any, error) {
		return wrap(a.PrepareRecovery(ctx, p.Passphrase))
	}),
	"recovery.replace.confirm": with(func(a *Agent, ctx context.Context, p codeParams) (any, error) {
		return done(a.ConfirmRecovery(ctx, p.Code))
	}),
	"token.make": with(func(a *Agent, ctx context.Context, p tokenParams) (any, error) {
		return wrap(a.MakeToken(ctx, p.Passphrase, p.NewToken))
	}),
	"account.delete": with(func(a *Agent, ctx context.Context, p passParams) (any, error) {
		return done(a.DeleteAccount(ctx, p.Passphrase))
	}),

	"get": with(func(a *Agent, ctx context.Context, p getParams) (any, error) {
		if p.Grant != "" {
			return wrap(a.ReadBy(ctx, p.Grant, p.Persona, p.Names...))
		}
		return wrap(a.Read(ctx, p.Persona, p.Names...))
	}),
	"set": with(func(a *Agent, ctx context.Context, p Edit) (any, error) { return wrap(a.Edit(ctx, p)) }),
	"affected": with(func(a *Agent, ctx context.Context, p Edit) (any, error) {
		return list("affected")(wrap(a.Affected(ctx, p)))
	}),
	"personas": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return wrap(a.Personas(ctx)) }),
	"personas.add": with(func(a *Agent, ctx context.Context, p personaParams) (any, error) {
		return wrap(a.AddPersona(ctx, p.Name, p.Inherits))
	}),
	"personas.rename": with(func(a *Agent, ctx context.Context, p personaParams) (any, error) {
		return done(a.RenamePersona(ctx, p.Persona, p.Name))
	}),
	"personas.remove": with(func(a *Agent, ctx context.Context, p personaParams) (any, error) {
		return done(a.RemovePersona(ctx, p.Persona, p.Withdraw))
	}),
	"rules": with(func(a *Agent, ctx context.Context, p rulesParams) (any, error) {
		return done(a.SetRules(ctx, p.Persona, p.Rules))
	}),
	"receipts.seen": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return wrap(a.SeenReceipts(ctx)) }),
	"terms": with(func(a *Agent, ctx context.Context, p termsParams) (any, error) {
		return done(a.SetTerms(ctx, p.Persona, p.Terms))
	}),
	"receipts.check": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return wrap(a.CheckReceipts(ctx)) }),
	"revisions": with(func(a *Agent, ctx context.Context, _ none) (any, error) {
		return list("revisions")(wrap(a.Revisions(ctx)))
	}),
	"restore": with(func(a *Agent, ctx context.Context, p revisionParams) (any, error) {
		return wrap(a.Restore(ctx, p.Revision))
	}),
	"rollback.accept": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return done(a.AcceptRollback(ctx)) }),

	"ask": with(func(a *Agent, ctx context.Context, p askParams) (any, error) {
		return wrap(a.AskAs(ctx, p.Flow, p.Persona))
	}),
	"approve": with(func(a *Agent, ctx context.Context, p Decision) (any, error) { return redirect(a.Approve(ctx, p)) }),
	"resume":  with(func(a *Agent, ctx context.Context, p flowParams) (any, error) { return redirect(a.Resume(ctx, p.Flow)) }),
	"deny": with(func(a *Agent, ctx context.Context, p denyParams) (any, error) {
		return redirect(a.Deny(ctx, p.Flow, p.Digest, p.Locale))
	}),
	"fail": with(func(a *Agent, ctx context.Context, p failParams) (any, error) {
		return redirect(a.Fail(ctx, p.Flow, p.Reason))
	}),

	"grants": with(func(a *Agent, ctx context.Context, _ none) (any, error) { return list("grants")(wrap(a.Grants(ctx))) }),
	"releases": with(func(a *Agent, ctx context.Context, p releasesParams) (any, error) {
		return wrap(a.Releases(ctx, p.Grant, p.Before, p.Limit))
	}),
	"narrow":  with(func(a *Agent, ctx context.Context, p Narrowed) (any, error) { return wrap(a.Narrow(ctx, p)) }),
	"pause":   with(func(a *Agent, ctx context.Context, p grantParams) (any, error) { return wrap(a.Pause(ctx, p.Grant)) }),
	"unpause": with(func(a *Agent, ctx context.Context, p grantParams) (any, error) { return wrap(a.Unpause(ctx, p.Grant)) }),
	"extend": with(func(a *Agent, ctx context.Context, p extendParams) (any, error) {
		return wrap(a.Extend(ctx, p.Grant, p.Ends))
	}),
	"each-time": with(func(a *Agent, ctx context.Context, p eachParams) (any, error) {
		return wrap(a.AskEachTime(ctx, p.Grant, p.EachTime))
	}),
	"withdraw": with(func(a *Agent, ctx context.Context, p grantParams) (any, error) { return wrap(a.Withdraw(ctx, p.Grant)) }),
}

// Call runs a method by its name, with JSON in and out: the way in for programs in other languages,
// the browser's pages above all. Empty params are no parameters.
func (a *Agent) Call(ctx context.Context, name string, params []byte) ([]byte, error) {
	m, ok := methods[name]
	if !ok {
		return nil, ErrCall
	}
	if len(params) == 0 {
		params = []byte("{}")
	}
	result, err := m(a, ctx, params)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

func wrap[T any](v T, err error) (any, error) { return v, err }

func done(err error) (any, error) { return none{}, err }

func redirect(to string, err error) (any, error) { return RedirectAnswer{Redirect: to}, err }

// list puts a list under its name, so that members can be added beside it.
func list(name string) func(v any, err error) (any, error) {
	return func(v any, err error) (any, error) { return map[string]any{name: v}, err }
}
