package rest

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// archivePage is how many receipts are read at once.
const archivePage = 200

// GetReceiptArchive gives every receipt, signed, in one archive. It is written while it is read: an
// account's whole history need not fit into memory.
func (s *REST) GetReceiptArchive(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	key, err := s.o.Keys.Signer(identity.ReceiptAlgorithm)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// What can be refused is refused before the first byte.
	first, next, err := s.o.Consent.Receipts(r.Context(), who.Account, "", archivePage)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", `attachment; filename="meins-receipts.zip"`)
	if err := s.archive(r.Context(), w, key, who.Account, first, next); err != nil {
		// The answer has begun: only its end can say that something is missing.
		s.o.Log.ErrorContext(r.Context(), "archive of receipts broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// archive writes some receipts, and those that follow them.
func (s *REST) archive(ctx context.Context, w io.Writer, key jose.SigningKey, account id.Account, some []consent.Receipt, next string) error {
	maker := receipt.Maker{Issuer: s.o.Issuer, Subject: s.subject}
	files := zip.NewWriter(w)
	for {
		for _, one := range some {
			text, err := maker.Sign(key, maker.Document(account, one))
			if err != nil {
				return err
			}
			name := fmt.Sprintf("receipt-%06d%s", one.Seq, receiptEndings[receipt.TypeSigned])
			file, err := files.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: one.Time})
			if err != nil {
				return fmt.Errorf("archive: %w", err)
			}
			if _, err := io.WriteString(file, text); err != nil {
				return fmt.Errorf("archive: %w", err)
			}
		}
		if next == "" {
			break
		}
		var err error
		if some, next, err = s.o.Consent.Receipts(ctx, account, next, archivePage); err != nil {
			return err
		}
	}
	if err := s.archiveHead(ctx, files, account); err != nil {
		return err
	}
	if err := files.Close(); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

// archiveHead adds what fixes all the others: which of them is the newest, signed.
func (s *REST) archiveHead(ctx context.Context, files *zip.Writer, account id.Account) error {
	head, err := s.o.Consent.ReceiptHead(ctx, account)
	if err != nil {
		return err
	}
	text, err := s.signedHead(account, head)
	if err != nil {
		return err
	}
	file, err := files.CreateHeader(&zip.FileHeader{Name: "head.jwt", Method: zip.Deflate, Modified: s.o.Now()})
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if _, err := io.WriteString(file, text); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}
