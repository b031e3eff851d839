//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/meins-id/meins/vault/agent"
)

// errRejected says that a promise was rejected. What it says is the browser's text, for nobody.
var errRejected = errors.New("rejected by the browser")

// await waits for a promise.
func await(ctx context.Context, p js.Value) (js.Value, error) {
	settled := make(chan js.Value, 1)
	failed := make(chan struct{}, 1)
	resolve := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- args[0]
		return nil
	})
	defer resolve.Release()
	reject := js.FuncOf(func(js.Value, []js.Value) any {
		failed <- struct{}{}
		return nil
	})
	defer reject.Release()
	p.Call("then", resolve, reject)
	select {
	case v := <-settled:
		return v, nil
	case <-failed:
		return js.Undefined(), errRejected
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

// transport carries the agent's calls with fetch; the browser keeps the session's cookie.
type transport struct{ base string }

// Do sends one call and reads its answer.
func (t transport) Do(ctx context.Context, method, path string, in, out any) error {
	init := map[string]any{
		"method": method, "credentials": "same-origin", "cache": "no-store", "redirect": "error", "referrerPolicy": "no-referrer",
	}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		init["body"] = string(body)
		init["headers"] = map[string]any{"Content-Type": "application/json"}
	}
	response, err := await(ctx, js.Global().Call("fetch", t.base+path, init))
	if err != nil {
		return agent.ErrUnreachable.Because(err)
	}
	text, err := await(ctx, response.Call("text"))
	if err != nil {
		return agent.ErrUnreachable.Because(err)
	}
	return agent.ReadAnswer(response.Get("status").Int(), []byte(text.String()), out)
}

// keeper asks the page, which alone has localStorage.
type keeper struct{ host js.Value }

// Load reads what was kept. What cannot be read is as good as nothing: the vault is locked then.
func (k keeper) Load(ctx context.Context) (agent.Kept, error) {
	text, err := await(ctx, k.host.Call("load"))
	if err != nil || text.Type() != js.TypeString {
		return agent.Kept{}, err
	}
	var kept agent.Kept
	if json.Unmarshal([]byte(text.String()), &kept) != nil {
		return agent.Kept{}, nil //nolint:nilerr // as good as nothing, see above
	}
	return kept, nil
}

// Save keeps it.
func (k keeper) Save(ctx context.Context, kept agent.Kept) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode what is kept: %w", err)
	}
	_, err = await(ctx, k.host.Call("save", string(text)))
	return err
}
