//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/meins-id/meins/vault/agent"
)

func main() {
	host := js.Global().Get("meinsHost")
	a, err := agent.New(agent.Options{
		Transport: transport{base: host.Get("base").String()},
		Keeper:    keeper{host: host},
		Now:       time.Now,
	})
	if err != nil {
		panic(err) // all options are given above
	}
	call := js.FuncOf(func(_ js.Value, args []js.Value) any {
		name, params := args[0].String(), []byte(args[1].String())
		return promise(func() (string, error) {
			result, err := a.Call(context.Background(), name, params)
			return string(result), err
		})
	})
	js.Global().Set("meinsAgent", map[string]any{"call": call})
	host.Call("ready")
	select {} // the worker ends with its page
}

// promise runs do beside the event loop, which must not block. A refusal is the JSON of an
// agent.Problem.
func promise(do func() (string, error)) js.Value {
	var start js.Func
	start = js.FuncOf(func(_ js.Value, settle []js.Value) any {
		resolve, reject := settle[0], settle[1]
		go func() {
			defer start.Release()
			result, err := do()
			if err != nil {
				reject.Invoke(refusal(err))
				return
			}
			resolve.Invoke(result)
		}()
		return nil
	})
	return js.Global().Get("Promise").New(start)
}

func refusal(err error) string {
	b, err := json.Marshal(agent.Describe(err))
	if err != nil {
		return `{"code":"internal"}` // no Problem does this
	}
	return string(b)
}
