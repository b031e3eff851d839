package agent

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// receiptPage is how many receipts one call asks for.
const receiptPage = "200"

// Checked is what a look at the record of decisions found in order.
type Checked struct {
	Receipts uint64 `json:"receipts"` // of the account
	New      uint64 `json:"new"`      // since this device looked
}

// CheckReceipts compares the server's record of decisions with what this device has seen, and
// remembers its head, signed by the server. Each receipt names the hash of the one before it: one that was
// altered, dropped or put in between makes a chain that does not lead to the remembered head.
// ErrReceiptsDiffer says so, ErrReceiptsShorter that the newest are missing (as after a backup), and
// ErrReceiptsUnsigned that the server does not stand for what it shows. What is remembered stays then.
func (a *Agent) CheckReceipts(ctx context.Context) (Checked, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.unlocked(ctx)
	if err != nil {
		return Checked{}, err
	}
	kept, err := a.keeper.Load(ctx)
	if err != nil {
		return Checked{}, err
	}
	var head ReceiptHead
	if err := a.transport.Do(ctx, "GET", "/receipts/head", nil, &head); err != nil {
		return Checked{}, err
	}
	if err := a.vouched(ctx, s.Account, head); err != nil {
		return Checked{}, err
	}
	if err := a.follow(ctx, link{kept.Receipt, kept.ReceiptHash}, link{head.Seq, head.Hash}); err != nil {
		return Checked{}, err
	}
	found := Checked{Receipts: head.Seq, New: head.Seq - kept.Receipt}
	if found.New == 0 && kept.Head != "" {
		return found, nil
	}
	kept.Receipt, kept.ReceiptHash, kept.Head = head.Seq, head.Hash, head.Signed
	return found, a.keeper.Save(ctx, kept)
}

// link is one receipt of the chain: its number, and the hash of its bytes.
type link struct {
	seq  uint64
	hash string
}

// follow walks the chain back from a head to what was seen, or to its beginning.
func (a *Agent) follow(ctx context.Context, seen, head link) error {
	if head.seq < seen.seq {
		return ErrReceiptsShorter
	}
	at, before := head, ""
	for at.seq > seen.seq {
		var page ReceiptList
		path := "/receipts?limit=" + receiptPage
		if before != "" {
			path += "&before=" + escape(before)
		}
		if err := a.transport.Do(ctx, "GET", path, nil, &page); err != nil {
			return err
		}
		for _, r := range page.Receipts {
			if r.Seq > at.seq {
				continue // given since the head was asked for
			}
			if at.seq <= seen.seq {
				break
			}
			next, err := at.previous(r.Record)
			if err != nil {
				return err
			}
			at = next
		}
		if before = page.Next; before == "" {
			break
		}
	}
	if at != seen {
		return ErrReceiptsDiffer
	}
	return nil
}

// previous checks the bytes of a receipt against its link, and gives the link before it.
func (l link) previous(record []byte) (link, error) {
	sum := sha256.Sum256(record)
	var r struct {
		Seq  uint64 `json:"seq"`
		Prev string `json:"prev"`
	}
	if base64.RawURLEncoding.EncodeToString(sum[:]) != l.hash || json.Unmarshal(record, &r) != nil || r.Seq != l.seq {
		return link{}, ErrReceiptsDiffer
	}
	return link{l.seq - 1, r.Prev}, nil
}
