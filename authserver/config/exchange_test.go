package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// programs get tokens.
func programs() map[string]string { return map[string]string{"EASYAUTH_TOKEN_API": "true"} }

func TestTokenLifetime(t *testing.T) {
	const form = "must be at least 1m and at most 24h"
	long := map[string]string{"EASYAUTH_TOKEN_API": "true", "EASYAUTH_SESSION_LIFETIME": "48h"}
	checkRefusals(t, "EASYAUTH_TOKEN_LIFETIME", []refusal{
		{"no time", marker, "2h", "", long},
		{"none", "0s", "1m", form, long},
		{"less than a minute", "59s", "1m", form, long},
		{"negative", "-1h", "1h", form, long},
		{"more than a day", "24h1s", "24h", form, long},
		{"longer than a session", "8h1s", "8h", "must be at most EASYAUTH_SESSION_LIFETIME", programs()},
	})
	for life, want := range map[string]time.Duration{"8h": time.Hour, "1h": time.Hour, "30m": 30 * time.Minute} {
		if c := good(t, with(programs(), map[string]string{"EASYAUTH_SESSION_LIFETIME": life, "EASYAUTH_RENEW_BEFORE": "0"})); c.TokenLifetime != want {
			t.Errorf("sessions of %s: %v", life, c.TokenLifetime)
		}
	}
}

// texts are n different ones.
func texts(n int, form string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(form, i))
	}
	return strings.Join(list, "\n")
}

func TestExchangeLists(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, name := range []string{"EASYAUTH_EXCHANGE_AUDIENCES", "EASYAUTH_EXCHANGE_CLIENTS"} {
		checkRefusals(t, name, []refusal{
			{"nothing between commas", " , ", "a", "must have at least one entry", programs()},
			{"no ASCII", "a, \u00e4" + marker, "a, b" + marker, "entry 2 holds characters outside of printable ASCII", programs()},
			{"256 bytes", "a " + long(maxExchangedText+1), "a " + long(maxExchangedText), "entry 2", programs()},
			{"twice", "a, " + marker + " b " + marker, "a, " + marker + " b " + marker + "2", "entry 4 is there twice", programs()},
			{"101", texts(maxExchanged+1, "a%d"), texts(maxExchanged, "a%d"), "at most 100 entries; there are 101", programs()},
		})
	}
}

func TestExchangeRoles(t *testing.T) {
	shop := map[string]string{"EASYAUTH_TOKEN_API": "true", "EASYAUTH_EXCHANGE_AUDIENCES": "shop api://b:c=d"}
	const form = "must be three words for each role"
	checkRefusals(t, "EASYAUTH_EXCHANGE_ROLES", []refusal{
		{"one word", "shop:" + marker + "=a", "shop " + marker + " a", form + `, such as "api://orders Orders.Read Reader": the audience, the role there and the role here; line 1 has 1 words`, shop},
		{"two words", "shop " + marker, "shop " + marker + " a", "line 1 has 2 words", shop},
		{"four words", "shop a b " + marker, "shop a " + marker, "line 1 has 4 words", shop},
		{"three over two lines", "shop a\nb", "shop a b", "line 1 has 2 words", shop},
		{"the second line", "shop a b\nshop " + marker, "shop a b\nshop " + marker + " c", "line 2 has 2 words", shop},
		{"no ASCII", "shop a b shop \u00e4" + marker + " c", "shop a b shop " + marker + " c", "in mapping 2 one holds", shop},
		{"256 bytes", "shop a " + strings.Repeat("x", 256), "shop a " + strings.Repeat("x", 255), "in mapping 1", shop},
		{"twice", "shop a b\nshop a b", "shop a b\nshop a c", "mapping 2 is there twice", shop},
		{"101", texts(101, "shop a r%d"), texts(100, "shop a r%d"), "at most 100 mappings", shop},
		{"another audience", "shop a b " + marker + " a b", "shop a b api://b:c=d a b", "the audience of mapping 2 is not one of EASYAUTH_EXCHANGE_AUDIENCES", shop},
		{"an audience in another case", "Shop a b", "shop a b", "the audience of mapping 1", shop},
	})
	// What role values may hold (a colon, an equals sign, a comma, a bar) stays theirs.
	c := good(t, with(shop, map[string]string{"EASYAUTH_EXCHANGE_ROLES": "api://b:c=d  a:b=c,d;e|f  x=y:z\r\n\r\n shop\ta b  shop c d "}))
	want := []ExchangeRole{{"api://b:c=d", "a:b=c,d;e|f", "x=y:z"}, {"shop", "a", "b"}, {"shop", "c", "d"}}
	if !slices.Equal(c.ExchangeRoles, want) {
		t.Errorf("%q", c.ExchangeRoles)
	}
}

func TestProgrammaticRedirects(t *testing.T) {
	const good = "https://tools.example.com/"
	checkRefusals(t, "EASYAUTH_PROGRAMMATIC_REDIRECTS", []refusal{
		{"http", good + " http://" + marker, good + " https://" + marker, "entry 2 is none", programs()},
		{"upper case", "HTTPS://" + marker, "https://" + marker, "entry 1 is none", programs()},
		{"a path", "/" + marker, good + marker, "entry 1 is none", programs()},
		{"twice", good + ", " + good, good + ", " + good + "x", "entry 2 is there twice", programs()},
		{"51", texts(51, good+"%d"), texts(50, good+"%d"), "at most 50 addresses", programs()},
	})
}

// Nobody gets tokens, whatever else is said; that is worth a warning.
func TestNoTokenAPI(t *testing.T) {
	all := map[string]string{
		"EASYAUTH_TOKEN_LIFETIME": "2h", "EASYAUTH_EXCHANGE_AUDIENCES": "a", "EASYAUTH_EXCHANGE_CLIENTS": "b",
		"EASYAUTH_EXCHANGE_ROLES": "a b c", "EASYAUTH_PROGRAMMATIC_REDIRECTS": "https://tools.example.com/",
	}
	for name, value := range all {
		c, warnings, faults := load(t, with(map[string]string{name: value}))
		if len(faults) > 0 || c.TokenAPI || c.TokenLifetime != 0 || len(c.ExchangeAudiences)+len(c.ExchangeClients)+len(c.ExchangeRoles)+len(c.ProgramRedirects) > 0 {
			t.Errorf("%s: %v, or something is set", name, faults)
		}
		if len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), name+" has no effect") {
			t.Errorf("%s: warnings %q", name, warnings)
		}
	}
	if c, warnings, faults := load(t, with(programs(), all)); len(warnings) > 0 || len(faults) > 0 || !c.TokenAPI {
		t.Errorf("with it: %q, %v", warnings, faults)
	}
}

// Clients bring tokens of other applications alone: without any there is nothing to bring.
func TestExchangeClientsWithoutAudiences(t *testing.T) {
	clients := with(programs(), map[string]string{"EASYAUTH_EXCHANGE_CLIENTS": "b"})
	c, warnings, faults := load(t, clients)
	if len(faults) > 0 || len(c.ExchangeClients) != 1 || len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), "EASYAUTH_EXCHANGE_CLIENTS has no effect: without EASYAUTH_EXCHANGE_AUDIENCES") {
		t.Errorf("%v, %q", faults, warnings)
	}
	for audiences, wrong := range map[string]bool{"a": false, "a a": true} {
		clients["EASYAUTH_EXCHANGE_AUDIENCES"] = audiences
		if _, warnings, faults := load(t, clients); len(warnings) > 0 || (len(faults) == 1) != wrong {
			t.Errorf("%s: %v, %q", audiences, faults, warnings)
		}
	}
	roles := with(programs(), map[string]string{"EASYAUTH_EXCHANGE_ROLES": "a b c"})
	if _, _, faults := load(t, roles); len(faults) != 1 || faults[0].Name != "EASYAUTH_EXCHANGE_ROLES" {
		t.Errorf("roles: %v", faults)
	}
}
