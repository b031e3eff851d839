package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/meins-id/meins/internal/fault"
)

var errWithdrawn = fault.New(fault.Denied, "grant-withdrawn", "this consent was withdrawn")

func TestOf_findsTheFaultUnderWrapping(t *testing.T) {
	cause := errors.New("row 7")
	err := fmt.Errorf("release: %w", errWithdrawn.Because(cause))
	if got := fault.Of(err); got != errWithdrawn {
		t.Errorf("Of = %v", got)
	}
	if !errors.Is(err, errWithdrawn) || !errors.Is(err, cause) {
		t.Error("fault or cause lost")
	}
}

func TestOf_anythingElseIsInternalAndSaysNothing(t *testing.T) {
	got := fault.Of(errors.New("password hunter2 at /var/lib"))
	if got.Kind != fault.Internal || got.Error() == "password hunter2 at /var/lib" {
		t.Errorf("Of = %+v", got)
	}
	if fault.Of(nil) != nil {
		t.Error("Of(nil) is not nil")
	}
}

func TestStatus_kindThatNobodyKnows_isAMistakeOfOurs(t *testing.T) {
	for _, kind := range []fault.Kind{-1, fault.Unavailable + 1} {
		if got := kind.Status(); got != 500 {
			t.Errorf("kind %d answers %d", kind, got)
		}
	}
	if got := fault.Stale.Status(); got != 412 {
		t.Errorf("a stale decision answers %d", got)
	}
}
