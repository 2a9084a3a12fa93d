package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A whole sign-in, Graph, a rule, sign-out: in FIPS 140 mode, and where everything
// else fails. The emulator is in this process, which has no such mode.
func TestFIPSModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "only"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			cfg := oneHost()
			cfg.Env = map[string]string{"GODEBUG": "fips140=" + mode}
			s := start(t, cfg)
			if want := `"fips140":"` + mode + ` (module `; !strings.Contains(s.Log(), want) {
				t.Errorf("the log does not say %s", want)
			}
			v := signedIn(t, s, entra.Adele)
			for path, want := range map[string]int{"/graph": http.StatusOK, "/admin": http.StatusOK, "/auditor": http.StatusForbidden, "/easyauth/me": http.StatusOK} {
				if r := v.open(path); r.status != want {
					t.Errorf("%s: %d, want %d\n%.300s", path, r.status, want, r.body)
				}
			}
			if r := v.with(ticketCookie+"="+flip(v.cookie(ticketCookie), -1), "/api/x"); r.status != http.StatusUnauthorized {
				t.Errorf("a ticket that was changed: %d", r.status)
			}
			if log := s.Log(); strings.Contains(log, "panic") || strings.Contains(log, "FIPS 140-only") {
				t.Errorf("the log:\n%s", tail(log))
			}
		})
	}
}
