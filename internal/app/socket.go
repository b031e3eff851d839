package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/meins-id/meins/internal/fault"
)

var errSocket = fault.New(fault.Unavailable, "admin-socket", "the running server does not answer on its admin socket")

// socketRequest sends one request over the admin socket; the host part means nothing there. A refusal
// comes back as the fault that it is.
func socketRequest(ctx context.Context, client *http.Client, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://meins"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errSocket.Because(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		var af adminFault
		if err := json.NewDecoder(resp.Body).Decode(&af); err != nil {
			return nil, fmt.Errorf("read the server's answer: %w", err)
		}
		return nil, fault.New(af.Kind, af.Code, af.Text)
	}
	return resp, nil
}
