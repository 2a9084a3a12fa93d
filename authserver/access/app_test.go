package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// app= says for whom, where somebody signs. Each refusal has a sibling that differs in one
// thing and is read.
func TestParseApp(t *testing.T) {
	p := access.NewParser(access.ParserConfig{Apps: true})
	tests := []struct {
		name, query string
		app         string // "": refused
		problem     string
	}{
		{"a URL", "app=https://orders.example.com", "https://orders.example.com", ""},
		{"a URL with a query, escaped", "app=https%3A%2F%2Forders.example.com%2F%3Fa%3Db%26c", "https://orders.example.com/?a=b&c", ""},
		{"a name", "app=orders", "orders", ""},
		{"a comma is a letter", "app=a,b", "a,b", ""},
		{"a bar is a letter", "app=a|b", "a|b", ""},
		{"letters keep their case", "app=Orders", "Orders", ""},
		{"beside a rule", "role=A&app=orders&max_age=15m", "orders", ""},
		{"once", "app=orders&role=A", "orders", ""},
		{"twice", "app=orders&app=payments", "", "twice"},
		{"twice the same", "app=orders&app=orders", "", "twice"},
		{"empty", "app=", "", "empty"},
		{"no value", "app", "", "empty"},
		{"empty beside another", "app=orders&app=", "", "empty"},
		{"a blank alone", "app=%20", "", "empty"},
		{"a blank in front", "app=+orders", "", "blank before or after"},
		{"a blank inside", "app=my+orders", "", "without blanks"},
		{"a hyphen inside", "app=my-orders", "my-orders", ""},
		{"a line break", "app=a%0d%0ab", "", "control"},
		{"a tab", "app=a%09b", "", "control"},
		{"beyond ASCII", "app=Gr%C3%B6%C3%9Fe", "", "printable ASCII"},
		{"no UTF-8", "app=%ff", "", "UTF-8"},
		{"a malformed escape", "app=%zz", "", "escape"},
		{"201 bytes", "app=" + strings.Repeat("a", 201), "", "at most 200 bytes"},
		{"200 bytes", "app=" + strings.Repeat("a", 200), strings.Repeat("a", 200), ""},
		{"in capitals", "App=orders", "", "not known"},
		{"more of them", "apps=orders", "", "not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := p.Parse(tt.query)
			if tt.app != "" {
				if err != nil || req.App != tt.app {
					t.Fatalf("got %+v, %v", req, err)
				}
				return
			}
			var refusal *access.QueryError
			if !errors.As(err, &refusal) || req != nil || !strings.Contains(refusal.Problem, tt.problem) {
				t.Errorf("got %+v, %v, want a QueryError: … %q …", req, err, tt.problem)
			}
			if d := access.Decide(&access.Identity{Tenant: "t", Object: "o"}, req, time.Time{}); d.Outcome != access.Deny {
				t.Errorf("decided %s", d.Outcome)
			}
		})
	}
}

// Where nobody signs, an application that counts on it is not left without.
func TestParseAppWithoutAssertions(t *testing.T) {
	_, err := access.NewParser(access.ParserConfig{}).Parse("app=orders")
	var refusal *access.QueryError
	if !errors.As(err, &refusal) || refusal.Param != "app" || !strings.Contains(refusal.Problem, "EASYAUTH_ASSERTION_KEYS_FILE") {
		t.Errorf("got %v", err)
	}
	if req, err := access.NewParser(access.ParserConfig{Apps: true}).Parse("app=orders"); err != nil || req.App != "orders" {
		t.Errorf("with keys: %+v, %v", req, err)
	}
}

// For whom it is changes nothing of who may pass.
func TestAppDecidesNothing(t *testing.T) {
	p := access.NewParser(access.ParserConfig{Apps: true})
	id := &access.Identity{Tenant: "t", Object: "o", Roles: []string{"A"}}
	for _, rule := range []string{"role=A", "role=B", "scope=S", "group=G", "max_age=15m"} {
		alone, err := p.Parse(rule)
		if err != nil {
			t.Fatal(err)
		}
		with, err := p.Parse("app=orders&" + rule)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []*access.Identity{id, nil} {
			a, b := access.Decide(who, alone, time.Time{}), access.Decide(who, with, time.Time{})
			if a.Outcome != b.Outcome || a.Reason != b.Reason {
				t.Errorf("%s: %v, and with app= %v", rule, a, b)
			}
		}
	}
	if req, err := p.Parse("app=orders"); err != nil || access.Decide(id, req, time.Time{}).Outcome != access.Allow || access.Decide(nil, req, time.Time{}).Outcome != access.SignIn {
		t.Errorf("alone: %+v, %v", req, err)
	}
}

// What is remembered of a query is counted with the name.
func TestAppIsCounted(t *testing.T) {
	short, long := access.NewParser(access.ParserConfig{Apps: true}), access.NewParser(access.ParserConfig{Apps: true})
	for p, query := range map[*access.Parser]string{short: "app=a", long: "app=" + strings.Repeat("a", 200)} {
		if _, err := p.Parse(query); err != nil {
			t.Fatal(err)
		}
	}
	if more := long.Parsed().Bytes() - short.Parsed().Bytes(); more < 2*199 {
		t.Errorf("%d bytes more for 199 letters in query and name", more)
	}
}
