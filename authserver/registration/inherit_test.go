package registration_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/registration"
)

// What one Reader has read counts for the next until that has read itself.
func TestInherit(t *testing.T) {
	reader := func(d *directory, client string) (*registration.Reader, *access.ScopeNames, *[]pages.Brand) {
		names, brands := access.NewScopeNames(client, nil, ""), &[]pages.Brand{}
		made, err := registration.New(registration.Config{
			ClientID: client, Tokens: d, Directory: d, Names: names, Log: slog.New(slog.DiscardHandler),
			Adopt: func(b pages.Brand) { *brands = append(*brands, b) },
			Wait:  func(context.Context, time.Duration) bool { return false },
		})
		if err != nil {
			t.Fatal(err)
		}
		return made, names, brands
	}
	d := &directory{reg: graph.Registration{DisplayName: "Orders", AppIDURIs: []string{"https://orders.example"}, Scopes: []string{"Orders.Read"}}}
	old, _, _ := reader(d, clientID)
	if next, _, brands := reader(d, clientID); next.Known() {
		t.Error("it is known before it is read")
	} else if next.Inherit(old); next.Known() || len(*brands) > 0 {
		t.Error("nothing was inherited, and is known")
	}
	if old.Run(t.Context()); !old.Known() {
		t.Fatal("it is not known")
	}
	for client, same := range map[string]bool{clientID: true, "22222222-0000-4000-8000-000000000002": false} {
		next, names, brands := reader(&directory{errs: []error{refused(graph.ReasonForbidden, 0)}}, client)
		next.Inherit(old)
		next.Run(t.Context()) // is refused, and forgets nothing
		if next.Known() != same || (len(*brands) == 1 && (*brands)[0].Name == "Orders") != same ||
			slices.Equal(names.Rule("Orders.Read"), []string{client + "/Orders.Read"}) != same || (names.Canonical("https://orders.example/Orders.Read") == client+"/Orders.Read") != same {
			t.Errorf("%s: known %v, %+v, %q", client, next.Known(), *brands, names.Rule("Orders.Read"))
		}
		third, names, _ := reader(d, client)
		if third.Inherit(next); third.Known() != same || slices.Equal(names.Rule("Orders.Read"), []string{client + "/Orders.Read"}) != same {
			t.Errorf("%s: the one after it does not inherit", client)
		}
	}
}
