package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// connection sends one request after the other over one socket. It is as thin as it can be, because
// its work competes with the measured process for nothing but should not make it wait either.
type connection struct {
	host   string
	socket net.Conn
	in     *bufio.Reader
	out    bytes.Buffer
	body   bytes.Buffer
}

const answerWithin = 30 * time.Second

func dial(ctx context.Context, host string) (*connection, error) {
	var d net.Dialer
	socket, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	return &connection{host: host, socket: socket, in: bufio.NewReaderSize(socket, 16<<10)}, nil
}

func (c *connection) close() { _ = c.socket.Close() } // everything was read

// answer is what came back. The body is good until the next request.
type answer struct {
	status   int
	location string
	body     []byte
}

// get asks for a path; headers are complete lines.
func (c *connection) get(want int, path, headers string) (answer, error) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, c.host, headers)
	return c.exchange(want)
}

// post sends a body of a type.
func (c *connection) post(want int, path, contentType, headers string, body []byte) (answer, error) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n",
		path, c.host, contentType, len(body), headers)
	c.out.Write(body)
	return c.exchange(want)
}

// form sends a vendor's form with its secret in the header.
func (c *connection) form(path string, v vendor, values url.Values, out any) error {
	secret := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(string(v.ID)) + ":" + url.QueryEscape(v.secret)))
	a, err := c.post(http.StatusOK, path, "application/x-www-form-urlencoded", "Authorization: Basic "+secret+"\r\n", []byte(values.Encode()))
	if err != nil {
		return err
	}
	return json.Unmarshal(a.body, out)
}

// call sends a call of the REST API, as a page of the provider's does.
func (c *connection) call(path, cookie string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	a, err := c.post(http.StatusOK, "/api/v1"+path, "application/json", "Sec-Fetch-Site: same-origin\r\n"+cookieHeader(cookie), body)
	if err != nil {
		return err
	}
	return json.Unmarshal(a.body, out)
}

func cookieHeader(value string) string {
	if value == "" {
		return ""
	}
	return "Cookie: meins_session=" + value + "\r\n"
}

// exchange sends what out holds, reads the answer whole, and wants a status.
func (c *connection) exchange(want int) (answer, error) {
	if err := c.socket.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return answer{}, err
	}
	if _, err := c.socket.Write(c.out.Bytes()); err != nil {
		return answer{}, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{}, err
	}
	c.body.Reset()
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(&c.body, resp.Body); err != nil {
		return answer{}, err
	}
	a := answer{resp.StatusCode, resp.Header.Get("Location"), c.body.Bytes()}
	if a.status != want {
		request, _, _ := bytes.Cut(c.out.Bytes(), []byte("?"))
		line, _, _ := bytes.Cut(request, []byte("\r\n"))
		return a, fmt.Errorf("%s: status %d, %s", line, a.status, a.body)
	}
	return a, nil
}
