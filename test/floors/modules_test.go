package floors

import (
	"encoding/json"
	"testing"
)

func TestModuleLaw(t *testing.T) {
	const sum = " v1.0.0 h1:aaaa=\n"
	tests := []struct {
		name, mod, sums, want string
	}{
		{"public", `{"Require":[{"Path":"github.com/gorilla/securecookie"},{"Path":"golang.org/x/oauth2"}]}`, "github.com/gorilla/securecookie" + sum, ""},
		{"replaced by a folder", `{"Replace":[{"Old":{"Path":"golang.org/x/oauth2"},"New":{"Path":"../oauth2"}}]}`, "", "go.mod replaces golang.org/x/oauth2 by ../oauth2"},
		{"required from a private host", `{"Require":[{"Path":"git.corp/team/lib"}]}`, "", "go.mod requires git.corp/team/lib"},
		{"summed from a private host", `{}`, "git.corp/team/lib" + sum, "go.sum names git.corp/team/lib"},
		{"both lines of a sum", `{}`, "git.corp/team/lib" + sum + "git.corp/team/lib" + sum, "go.sum names git.corp/team/lib"},
		{"a host without a dot", `{"Require":[{"Path":"gitserver/lib"}]}`, "", "no public host"},
		{"an address", `{"Require":[{"Path":"10.0.0.1/lib"}]}`, "", "no public host"},
		{"a port", `{"Require":[{"Path":"git.example.org:8443/lib"}]}`, "", "no public host"},
		{"the same without a port", `{"Require":[{"Path":"git.example.org/lib"}]}`, "", ""},
		{"a cluster's name", `{"Require":[{"Path":"git.svc.cluster.local/lib"}]}`, "", "no public host"},
		{"an empty line", `{}`, "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r requirements
			if err := json.Unmarshal([]byte(tt.mod), &r); err != nil {
				t.Fatal(err)
			}
			wantOne(t, modulesArePublic(r, tt.sums), tt.want)
		})
	}
}
