package entra

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnswerError(t *testing.T) {
	for _, tt := range []struct {
		name, description string
		want              Reason
	}{
		{"access_denied", "", ReasonCancelled},
		{"access_denied", "AADSTS65004: User declined to consent to access the app.", ReasonCancelled},
		{"access_denied", "AADSTS65001: x", ReasonConsent},
		{"access_denied", "AADSTS90094: x", ReasonConsent},
		{"access_denied", "AADB2C90091: The user has cancelled.", ReasonCancelled},
		{"server_error", "AADB2C90091: The user has cancelled.", ReasonCancelled},
		{"consent_required", "", ReasonConsent},
		{"invalid_request", "AADSTS90095: x", ReasonConsent},
		{"invalid_request", "AADSTS90099: x", ReasonConsent},
		{"invalid_request", "AADSTS50105: x", ReasonNotAssigned},
		{"interaction_required", "AADSTS50105: x", ReasonNotAssigned},
		{"interaction_required", "AADSTS50076: x", ReasonInteraction},
		{"invalid_grant", "AADSTS50079: x", ReasonInteraction},
		{"invalid_grant", "AADSTS50158: x", ReasonInteraction},
		{"invalid_grant", "AADSTS53000: x", ReasonInteraction},
		{"invalid_grant", "AADSTS53003: x", ReasonInteraction},
		{"invalid_grant", "AADSTS530032: x", ReasonInteraction},
		{"invalid_grant", "AADSTS5300321: x", ReasonCode},
		{"login_required", "AADSTS50058: x", ReasonInteraction},
		{"account_selection_required", "", ReasonInteraction},
		{"unauthorized_client", "AADSTS700016: x", ReasonClient},
		{"invalid_request", "AADSTS50194: x", ReasonClient},
		{"invalid_client", "AADSTS7000215: x", ReasonClient},
		{"invalid_client", "AADSTS7000222: x", ReasonClient},
		{"invalid_client", "AADSTS700027: x", ReasonClient},
		{"invalid_client", "AADSTS700024: x", ReasonClient},
		{"invalid_request", "AADSTS70021: x", ReasonClient},
		{"invalid_request", "AADSTS700211: x", ReasonClient},
		{"invalid_request", "AADSTS700212: x", ReasonClient},
		{"invalid_request", "AADSTS700213: x", ReasonClient},
		{"invalid_scope", "AADSTS650053: x", ReasonScope},
		{"invalid_request", "AADSTS28000: x", ReasonScope},
		{"temporarily_unavailable", "", ReasonUnavailable},
		{"server_error", "", ReasonIDPError},

		{"", "", ReasonIDPError},
		{"<script>", "<script>", ReasonIDPError},
		{"ACCESS_DENIED", "", ReasonIDPError},
		{"invalid_request", "see AADSTS50105", ReasonIDPError},
		{"invalid_request", "AADSTS50105x", ReasonIDPError},
		{"invalid_request", "AADSTS", ReasonIDPError},
		{"invalid_request", "AADSTS" + strings.Repeat("1", 5000), ReasonIDPError},
	} {
		if got := AnswerError(tt.name, tt.description).Reason; got != tt.want {
			t.Errorf("%s, %.40s: %q, want %q", tt.name, tt.description, got, tt.want)
		}
	}
}

// What an administrator can fix is said, and the number goes with it.
func TestTokenErrorsSayWhatToDo(t *testing.T) {
	for number, want := range map[string]string{
		"AADSTS7000222": "the client secret has expired", "AADSTS7000215": "the client secret is wrong", "AADSTS700027": "certificate",
		"AADSTS700024": "out of its time", "AADSTS700213": "subject", "AADSTS700211": "issuer", "AADSTS700212": "audience",
		"AADSTS50194": "one tenant", "AADSTS90002": "",
	} {
		_, err := appParty(func(*http.Request) (*http.Response, error) {
			return reply(http.StatusUnauthorized, `{"error":"invalid_client","error_description":"`+number+`: leaked-body"}`), nil
		}).AppToken(t.Context(), "", testGraph)
		var e *Error
		if !errors.As(err, &e) || e.Code() != number || e.Reason != ReasonClient || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), number) ||
			strings.Contains(err.Error(), "leaked") || len(err.Error()) > 300 {
			t.Errorf("%s: %v", number, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := startTime
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "90": 90 * time.Second, " 5 ": 5 * time.Second, "300": 5 * time.Minute, "301": 5 * time.Minute,
		"4294967295": 5 * time.Minute, "18446744073709551616": 0, "-1": 0, "1.5": 0, "soon": 0,
		now.Add(time.Minute).Format(http.TimeFormat):     time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat):    0,
		now.Add(240 * time.Hour).Format(http.TimeFormat): 5 * time.Minute,
	} {
		h := http.Header{}
		if text != "" {
			h.Set("Retry-After", text)
		}
		if got := retryAfter(h, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := retryAfter(http.Header{}, now); got != 0 {
		t.Errorf("absent: %v", got)
	}
}
