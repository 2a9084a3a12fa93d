package graph

import (
	"strings"
	"testing"
)

func TestEmulatedGroupNames(t *testing.T) {
	_, c, token := emulatedGroups(t, 30, "User.Read GroupMember.Read.All")
	names, err := c.GroupNames(t.Context(), token, groupIDsOf(1, 31))
	if err != nil || len(names) != 30 {
		t.Fatalf("%v, %v", names, err)
	}
	for id, name := range names {
		if name == "" || strings.ToLower(id) != id {
			t.Errorf("%q is called %q", id, name)
		}
	}
	_, c, token = emulatedGroups(t, 30, "User.Read")
	if names, err := c.GroupNames(t.Context(), token, groupIDsOf(1, 30)); names != nil || refused(t, "not allowed", err).Reason != ReasonForbidden {
		t.Errorf("not allowed: %v, %v", names, err)
	}
}
