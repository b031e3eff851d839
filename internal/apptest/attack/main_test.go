package attack_test

import (
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }
