package web

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
)

// maxDeviceForm is the largest form of the page, in bytes: a code, or a sealed request.
const maxDeviceForm = 48 << 10

// maxTypedCode is how much of a wrong code is shown again, to be mended: what the field takes.
const maxTypedCode = 20

var errForeignForm = fault.New(fault.Denied, "cross-origin", "this form came from another site")

// deviceView is the page on which a customer types in what a device shows (RFC 8628, 3.3): asks for the
// code, or shows whose device it is, or says that all is done.
type deviceView struct {
	Wrong  string      // key of the sentence that says why not
	Vendor *vendorView // whose device it is
	Code   string      // what the device shows, or what was typed and is none
	Flow   string
	Done   string
}

// device asks for a code and never takes one from an address: a link that somebody sends must not lead
// to a question that needs only a yes.
func (w *Web) device(out http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return w.deviceTyped(out, r)
	}
	view := deviceView{}
	switch done := r.URL.Query().Get("done"); done {
	case "approved", "denied":
		view.Done = done
	}
	return w.devicePage(out, r, http.StatusOK, view)
}

func (w *Web) devicePage(out http.ResponseWriter, r *http.Request, status int, view deviceView) error {
	p := w.newPage(r, "device")
	p.Searches, p.View = true, view // its forms are sent without a script
	if r.Method == http.MethodPost {
		p.here = &url.URL{Path: "/device"} // whatever stood in the address of a form stands in no answer
	}
	return w.render(out, status, p)
}

// deviceTyped takes the code, or the no of somebody who has seen whose device it is.
func (w *Web) deviceTyped(out http.ResponseWriter, r *http.Request) error {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return errForeignForm
	}
	r.Body = http.MaxBytesReader(out, r.Body, maxDeviceForm)
	if r.ParseForm() != nil {
		return w.devicePage(out, r, http.StatusBadRequest, deviceView{Wrong: "device.wrong"})
	}
	if r.PostForm.Get("decision") == "deny" {
		if err := w.o.Provider.RefuseDevice(r.Context(), r.PostForm.Get("flow")); err != nil {
			return err
		}
		secure(out.Header())
		http.Redirect(out, r, "/device?done=denied", http.StatusSeeOther)
		return nil
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // who has no address shares one count
	code := r.PostForm.Get("code")
	found, err := w.o.Provider.Device(r.Context(), code, from.Addr())
	if len(code) > maxTypedCode {
		code = "" // nothing that is mended by a letter
	}
	var slow *identity.SlowDown
	switch {
	case errors.As(err, &slow):
		out.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(slow.RetryAfter.Seconds()))))
		return w.devicePage(out, r, http.StatusTooManyRequests, deviceView{Wrong: "device.slow", Code: code})
	case errors.Is(err, provider.ErrUserCode):
		return w.devicePage(out, r, http.StatusNotFound, deviceView{Wrong: "device.wrong", Code: code})
	case err != nil:
		return err
	}
	vendor := w.vendorView(r.Context(), found.Party)
	return w.devicePage(out, r, http.StatusOK, deviceView{Vendor: &vendor, Code: found.Code, Flow: found.Flow})
}
