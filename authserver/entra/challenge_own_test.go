package entra

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestOwnChallenge(t *testing.T) {
	clause := func(names ...string) []access.Clause { return []access.Clause{names} }
	for _, row := range []struct {
		name      string
		decision  access.Decision
		tokenCame bool
		want      string
	}{
		{"no token", access.Decision{Outcome: access.SignIn, Reason: access.ReasonNoTicket}, false, `Bearer realm="easyauth"`},
		{"expired", access.Decision{Outcome: access.SignIn, Reason: access.ReasonBearerExpired}, true, `Bearer realm="easyauth", error="invalid_token", error_description="expired"`},
		{"bad", access.Decision{Outcome: access.SignIn, Reason: access.ReasonBearerInvalid}, true, `Bearer realm="easyauth", error="invalid_token", error_description="bearer_invalid"`},
		{"ended", access.Decision{Outcome: access.SignIn, Reason: access.ReasonSessionEnded}, true, `Bearer realm="easyauth", error="invalid_token", error_description="session_ended"`},
		{"it cannot be told", access.Decision{Outcome: access.Unsure, Reason: access.ReasonStore}, true, `Bearer realm="easyauth"`},
		{"a role", access.Decision{Outcome: access.Forbid, Missing: access.Missing{Roles: clause(`A"`, "B")}}, true, `Bearer realm="easyauth", error="insufficient_scope", error_description="the access token lacks the role A' or B"`},
		{"a context", access.Decision{Outcome: access.StepUp, Missing: access.Missing{Contexts: clause("c1", "c2"), MaxAge: time.Minute}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication", error_description="the access token lacks the authentication context c1 or c2; ask for a new one with these claims", max_age="60", acr_values="c1 c2"`},
		{"too much", access.Decision{Outcome: access.StepUp, Missing: access.Missing{Contexts: clause(strings.Repeat("c", 2000))}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication"`},
	} {
		if got := OwnChallenge(row.decision, row.tokenCame); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}
