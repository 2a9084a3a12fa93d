package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/fault"
)

func TestFrom(t *testing.T) {
	cause := errors.New("secret cause")
	known := &fault.Error{Status: http.StatusForbidden, Reason: fault.RoleMissing, Title: "t", Err: cause}
	tests := []struct {
		name   string
		err    error
		status int
		reason fault.Reason
	}{
		{"ours", known, http.StatusForbidden, fault.RoleMissing},
		{"ours, wrapped", fmt.Errorf("login: %w", known), http.StatusForbidden, fault.RoleMissing},
		{"any other", cause, http.StatusInternalServerError, fault.Internal},
	}
	for _, tt := range tests {
		e := fault.From(tt.err)
		if e.Status != tt.status || e.Reason != tt.reason || !errors.Is(e, cause) {
			t.Errorf("%s: %d %s %v", tt.name, e.Status, e.Reason, e.Err)
		}
		if strings.Contains(e.Title+e.Text, "secret") {
			t.Errorf("%s: the cause is in the public text", tt.name)
		}
		if want := string(tt.reason) + ": secret cause"; e.Error() != want {
			t.Errorf("%s: %q, want %q", tt.name, e.Error(), want)
		}
	}
	if got := (&fault.Error{Reason: fault.Loop}).Error(); got != "loop" {
		t.Errorf("without a cause: %q", got)
	}
}
