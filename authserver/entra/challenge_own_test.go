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
		{"a context", access.Decision{Outcome: access.StepUp, Missing: access.Missing{Contexts: clause("c1", "c2"), MaxAge: time.Minute}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication", error_description="the access token lacks the authentication context c1 or c2: it must come from a sign-in that has it", max_age="60", acr_values="c1 c2"`},
		{"an age", access.Decision{Outcome: access.StepUp, Missing: access.Missing{MaxAge: time.Minute}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication", error_description="the sign-in that the access token comes from must not be older than 60 seconds", max_age="60"`},
		{"a method, and an age", access.Decision{Outcome: access.StepUp, Missing: access.Missing{Methods: clause("mfa"), MaxAge: time.Minute}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication", error_description="the access token lacks the authentication method mfa", max_age="60"`},
		{"a policy", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyDenied}, true, `Bearer realm="easyauth", error="insufficient_scope", error_description="the rules of this address do not let this token pass"`},
		{"a policy, and a role", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyDenied, Missing: access.Missing{Roles: clause("A")}}, true, `Bearer realm="easyauth", error="insufficient_scope", error_description="the access token lacks the role A"`},
		{"a policy that wants what is not named", access.Decision{Outcome: access.StepUp, Reason: access.ReasonPolicyStepUp}, true, `Bearer realm="easyauth", error="insufficient_scope", error_description="the rules of this address do not let this token pass"`},
		{"too much", access.Decision{Outcome: access.StepUp, Missing: access.Missing{Contexts: clause(strings.Repeat("c", 2000))}}, true, `Bearer realm="easyauth", error="insufficient_user_authentication"`},
	} {
		if got := OwnChallenge(row.decision, row.tokenCame); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}
