package registration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/registration"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const clientID = "11111111-0000-4000-8000-000000000001"

// directory answers each read with the next of its errors, then with itself.
type directory struct {
	tokenErrs []error
	errs      []error
	reg       graph.Registration
	imageErr  error

	tenants []string // for which a token was asked
	tokens  []string // that came along
	clients []string
	images  []string
}

func (d *directory) GraphAppToken(_ context.Context, tenant string) (secret.String, error) {
	d.tenants = append(d.tenants, tenant)
	if len(d.tokenErrs) > 0 {
		err := d.tokenErrs[0]
		d.tokenErrs = d.tokenErrs[1:]
		if err != nil {
			return secret.String{}, err
		}
	}
	return secret.New("app-token"), nil
}

func (d *directory) Registration(ctx context.Context, token secret.String, client string) (*graph.Registration, error) {
	d.tokens, d.clients = append(d.tokens, token.Reveal()), append(d.clients, client)
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, errors.New("a read without an end")
	}
	if len(d.errs) > 0 {
		err := d.errs[0]
		d.errs = d.errs[1:]
		if err != nil {
			return nil, err
		}
	}
	reg := d.reg
	return &reg, nil
}

func (d *directory) Image(_ context.Context, url string) ([]byte, string, error) {
	d.images = append(d.images, url)
	return []byte("logo"), "image/png", d.imageErr
}

// result is what became of some reads.
type result struct {
	pauses []time.Duration
	brands []pages.Brand
	names  *access.ScopeNames
	log    string
}

// run lets a Reader read so many times.
func run(t *testing.T, d *directory, reads int) result {
	t.Helper()
	var log bytes.Buffer
	r := result{names: access.NewScopeNames(clientID, nil, "https://graph.microsoft.com")}
	reader, err := registration.New(registration.Config{
		ClientID: clientID, Tokens: d, Directory: d, Names: r.names, Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Adopt: func(b pages.Brand) { r.brands = append(r.brands, b) },
		Wait: func(_ context.Context, pause time.Duration) bool {
			r.pauses = append(r.pauses, pause)
			return len(r.pauses) < reads
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	reader.Run(t.Context())
	r.log = log.String()
	return r
}

func refused(reason graph.Reason, after time.Duration) error {
	return &graph.Error{Reason: reason, RetryAfter: after}
}

// A read that works: the scopes are known and the pages have their brand.
func TestRead(t *testing.T) {
	d := &directory{reg: graph.Registration{
		DisplayName: "Orders", AppIDURIs: []string{"https://orders.example"}, Scopes: []string{"Orders.Read"},
		LogoURL: "https://cdn.example/logo", SupportURL: "https://help.example", PrivacyURL: "https://privacy.example", TermsURL: "https://terms.example",
	}}
	r := run(t, d, 1)
	want := pages.Brand{Name: "Orders", Logo: []byte("logo"), LogoType: "image/png", SupportURL: "https://help.example", PrivacyURL: "https://privacy.example"}
	if len(r.brands) != 1 || !reflect.DeepEqual(r.brands[0], want) {
		t.Errorf("%+v", r.brands)
	}
	if got := r.names.Rule("Orders.Read"); !slices.Equal(got, []string{clientID + "/Orders.Read"}) {
		t.Errorf("a rule's scope is %q", got)
	}
	if got := r.names.Canonical("https://orders.example/Orders.Read"); got != clientID+"/Orders.Read" {
		t.Errorf("a granted scope is %q", got)
	}
	if !slices.Equal(d.tenants, []string{""}) || !slices.Equal(d.tokens, []string{"app-token"}) || !slices.Equal(d.clients, []string{clientID}) || !slices.Equal(d.images, []string{"https://cdn.example/logo"}) {
		t.Errorf("asked for %q, %q, %q, %q", d.tenants, d.tokens, d.clients, d.images)
	}
	if strings.Contains(r.log, "app-token") || strings.Contains(r.log, "WARN") {
		t.Error(r.log)
	}
}

// Without a logo, or with one that cannot be had, the rest is taken.
func TestReadWithoutLogo(t *testing.T) {
	for name, tt := range map[string]struct {
		link  string
		err   error
		asked int
	}{
		"none":       {"", nil, 0},
		"not a logo": {"https://cdn.example/logo", refused(graph.ReasonUnreadable, 0), 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := &directory{imageErr: tt.err, reg: graph.Registration{DisplayName: "Orders", Scopes: []string{"Orders.Read"}, LogoURL: tt.link}}
			r := run(t, d, 1)
			if len(r.brands) != 1 || r.brands[0].Name != "Orders" || r.pauses[0] != 24*time.Hour || len(d.images) != tt.asked || strings.Contains(r.log, "WARN") {
				t.Errorf("%+v, %v, %d images\n%s", r.brands, r.pauses, len(d.images), r.log)
			}
			if got := r.names.Rule("Orders.Read"); len(got) != 1 {
				t.Errorf("a rule's scope is %q", got)
			}
		})
	}
}

// How long a Reader waits, and what it says.
func TestPauses(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	down := refused(graph.ReasonUnavailable, 0)
	many := func(err error, n int) []error { return slices.Repeat([]error{err}, n) }
	tests := []struct {
		name      string
		tokenErrs []error
		errs      []error
		pauses    []time.Duration
		warnings  int
	}{
		{"it works", nil, nil, []time.Duration{24 * h, 24 * h}, 0},
		{"not allowed", nil, many(refused(graph.ReasonForbidden, 0), 3), []time.Duration{h, h, h, 24 * h}, 1},
		{"not there", nil, many(refused(graph.ReasonNotFound, 0), 2), []time.Duration{h, h, 24 * h}, 1},
		{
			"not allowed once more",
			nil,
			[]error{refused(graph.ReasonForbidden, 0), nil, refused(graph.ReasonForbidden, 0)},
			[]time.Duration{h, 24 * h, h},
			2,
		},
		{
			"down",
			nil, many(down, 11),
			[]time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 10 * m, 10 * m, 10 * m, 10 * m, 24 * h},
			2,
		},
		{"down again", nil, []error{down, down, nil, down}, []time.Duration{5 * s, 10 * s, 24 * h, 5 * s}, 2},
		{"it says when", nil, []error{refused(graph.ReasonUnavailable, 90*s), down}, []time.Duration{90 * s, 10 * s, 24 * h}, 1},
		{"it says much later", nil, []error{refused(graph.ReasonUnavailable, h)}, []time.Duration{10 * m, 24 * h}, 1},
		{"not authorized", nil, []error{refused(graph.ReasonUnauthorized, 0)}, []time.Duration{5 * s, 24 * h}, 1},
		{"unreadable", nil, []error{refused(graph.ReasonUnreadable, 0)}, []time.Duration{5 * s, 24 * h}, 1},
		{"no token", many(errors.New("no token"), 2), nil, []time.Duration{5 * s, 10 * s, 24 * h}, 1},
		{"a cause inside another", nil, []error{fmt.Errorf("read: %w", refused(graph.ReasonForbidden, 0))}, []time.Duration{h, 24 * h}, 1},
		{"down after not allowed", nil, []error{refused(graph.ReasonForbidden, 0), down}, []time.Duration{h, 5 * s, 24 * h}, 2},
		{"not allowed after down", nil, []error{down, down, refused(graph.ReasonForbidden, 0), down}, []time.Duration{5 * s, 10 * s, h, 5 * s, 24 * h}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &directory{tokenErrs: tt.tokenErrs, errs: tt.errs}
			r := run(t, d, len(tt.pauses))
			if !slices.Equal(r.pauses, tt.pauses) {
				t.Errorf("%v, want %v", r.pauses, tt.pauses)
			}
			if n := strings.Count(r.log, `"WARN"`); n != tt.warnings {
				t.Errorf("%d warnings, want %d\n%s", n, tt.warnings, r.log)
			}
		})
	}
}

// After a failure what was learned before stays.
func TestFailureForgetsNothing(t *testing.T) {
	d := &directory{errs: []error{nil, refused(graph.ReasonForbidden, 0), refused(graph.ReasonUnavailable, 0)}, reg: graph.Registration{DisplayName: "Orders", Scopes: []string{"Orders.Read"}}}
	r := run(t, d, 3)
	if len(r.brands) != 1 || len(r.names.Rule("Orders.Read")) != 1 {
		t.Errorf("%+v, %q", r.brands, r.names.Rule("Orders.Read"))
	}
}

// Run ends with its context: before a read, in it, and in a pause.
func TestRunEnds(t *testing.T) {
	cfg := registration.Config{
		ClientID: clientID, Names: access.NewScopeNames(clientID, nil, ""), Adopt: func(pages.Brand) {}, Log: slog.New(slog.DiscardHandler),
	}
	t.Run("in a pause", func(t *testing.T) {
		d := &directory{}
		cfg.Tokens, cfg.Directory = d, d
		ctx, cancel := context.WithCancel(t.Context())
		cfg.Adopt = func(pages.Brand) { time.AfterFunc(0, cancel) } // the pause is a timer of 24 hours
		reader, err := registration.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		reader.Run(ctx)
		if len(d.clients) != 1 {
			t.Errorf("%d reads", len(d.clients))
		}
	})
	t.Run("before it", func(t *testing.T) {
		d := &directory{errs: []error{context.Canceled}}
		cfg.Tokens, cfg.Directory = d, d
		cfg.Wait = func(context.Context, time.Duration) bool { t.Error("it waits"); return false }
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		reader, err := registration.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		reader.Run(ctx)
	})
}

func TestNewRefuses(t *testing.T) {
	d := &directory{}
	whole := registration.Config{
		ClientID: clientID, Tokens: d, Directory: d, Names: access.NewScopeNames(clientID, nil, ""), Adopt: func(pages.Brand) {}, Log: slog.New(slog.DiscardHandler),
	}
	if _, err := registration.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, without := range map[string]func(*registration.Config){
		"ClientID": func(c *registration.Config) { c.ClientID = "" }, "Tokens": func(c *registration.Config) { c.Tokens = nil },
		"Directory": func(c *registration.Config) { c.Directory = nil }, "Names": func(c *registration.Config) { c.Names = nil },
		"Adopt": func(c *registration.Config) { c.Adopt = nil }, "Log": func(c *registration.Config) { c.Log = nil },
	} {
		cfg := whole
		without(&cfg)
		if _, err := registration.New(cfg); err == nil {
			t.Errorf("without %s", name)
		}
	}
}
