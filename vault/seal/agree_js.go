package seal

import (
	"errors"
	"syscall/js"
)

// In a browser the agreement is WebCrypto's: the tables of P-256 alone would make the agent a tenth
// larger, which every browser loads. It must run beside the event loop, as all of the agent does.

// errAgree says that WebCrypto refused. What it says is the browser's text, for nobody.
var errAgree = errors.New("the browser does not agree on a key")

// check leaves it to WebCrypto to refuse a point that is not on its curve, when it is used.
func (p point) check() error { return nil }

// agree draws a key pair for one message, and gives its public half and what it agrees on with the
// recipient.
func agree(to point) (own point, shared []byte, err error) {
	name := map[string]any{"name": "X25519"}
	if to.curve == curveP256 {
		name = map[string]any{"name": "ECDH", "namedCurve": "P-256"}
	}
	subtle, uses := webCrypto(), []any{"deriveBits"}
	theirs, err := settled(subtle.Call("importKey", "raw", octets(to.bytes), name, false, []any{}))
	if err != nil {
		return point{}, nil, ErrJWK
	}
	pair, err := settled(subtle.Call("generateKey", name, false, uses))
	if err != nil {
		return point{}, nil, err
	}
	public, err := settled(subtle.Call("exportKey", "raw", pair.Get("publicKey")))
	if err != nil {
		return point{}, nil, err
	}
	with := map[string]any{"name": name["name"], "public": theirs}
	bits, err := settled(subtle.Call("deriveBits", with, pair.Get("privateKey"), 8*KeySize))
	if err != nil {
		return point{}, nil, ErrJWK // a key of low order
	}
	return point{curve: to.curve, bytes: fromBuffer(public)}, fromBuffer(bits), nil
}

func octets(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

func fromBuffer(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	b := make([]byte, array.Get("length").Int())
	js.CopyBytesToGo(b, array)
	return b
}

// settled waits for a promise.
func settled(promise js.Value) (js.Value, error) {
	done, failed := make(chan js.Value, 1), make(chan struct{}, 1)
	resolve := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- args[0]
		return nil
	})
	defer resolve.Release()
	reject := js.FuncOf(func(js.Value, []js.Value) any {
		failed <- struct{}{}
		return nil
	})
	defer reject.Release()
	promise.Call("then", resolve, reject)
	select {
	case v := <-done:
		return v, nil
	case <-failed:
		return js.Undefined(), errAgree
	}
}
