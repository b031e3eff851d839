package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// bareAnswer is what UserInfo answers for the vendors of folder.go.
const bareAnswer = `{"sub":"Hq2vT8nJ0cQe5wZ1rX7bK3mD6yP9sA4uF2gL0iC8oEk","address":` + theAddress +
	`,"email":"` + theEmail + `","email_verified":false}`

// serveBare answers every request with the same JSON, and does nothing else: what HTTP costs by itself.
func serveBare(ctx context.Context, addr string) error {
	body := []byte(bareAnswer)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /oauth/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client may have gone
	})
	srv := &http.Server{
		Addr: addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stopped()
	if err := srv.ListenAndServe(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
