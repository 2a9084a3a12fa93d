package floors

import (
	"slices"
	"testing"
)

func TestLinked(t *testing.T) {
	packages, err := linked(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	const codec = "github.com/easyauth-sidecar/easyauth/ingress/extauthz"
	if !slices.Contains(packages, codec) {
		t.Fatalf("%d packages, and %s is not among them: this test looks at the wrong program", len(packages), codec)
	}
	report(t, theProgramHoldsNone(packages, unlinked()))
}

func TestLinkedComplains(t *testing.T) {
	for _, row := range []struct {
		packages []string
		want     int
	}{
		{[]string{"net/http", "google.golang.org/protobuf/encoding/protowire", "google.golang.org/genproto/googleapis/rpc/status"}, 0},
		{[]string{"google.golang.org/grpc"}, 1},
		{[]string{"google.golang.org/grpc/codes", "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3", "github.com/cncf/xds/go/xds/type/v3"}, 3},
	} {
		if got := theProgramHoldsNone(row.packages, unlinked()); len(got) != row.want {
			t.Errorf("%q: %q", row.packages, got)
		}
	}
}
