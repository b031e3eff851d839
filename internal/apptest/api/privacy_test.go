package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestGPC_isRecordedWithARefusal_inBothSidesReceipts(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	flow, _ := w.ada.Open(t, w.p.AuthorizeURL(w.vendor, "scope", "openid phone"))
	next, err := w.ada.Ask(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	r := w.asking(t, "", "POST", "/flow/deny", map[string]any{"flow": flow, "digest": next.Digest, "locale": "en"})
	r.Header.Set("Sec-GPC", "1")
	if a := w.ada.Send(t, r); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	var list struct {
		Receipts []struct {
			Event string
			Seq   int
			GPC   bool
		}
	}
	decode(t, w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/receipts?limit=2", nil, "")), &list)
	if len(list.Receipts) != 2 || list.Receipts[0].Event != "refused" || !list.Receipts[0].GPC || list.Receipts[1].GPC {
		t.Errorf("%+v", list)
	}
	signed := func(seq string) string {
		return string(w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/receipts/"+seq+"?form=iso27560", nil, "")).Body)
	}
	if !strings.Contains(signed("2"), `"global_privacy_control":true`) || strings.Contains(signed("1"), "global_privacy_control") {
		t.Errorf("%s\n%s", signed("2"), signed("1"))
	}
}

func TestGPC_isStatedAtItsAddress(t *testing.T) {
	p := apptest.Start(t)
	if text := p.Get(t, p.Issuer+"/.well-known/gpc.json"); !strings.Contains(text, `"gpc":true`) {
		t.Errorf("%s", text)
	}
}
