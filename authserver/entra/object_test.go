package entra

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestObjectMembersAreBounded(t *testing.T) {
	object := func(n int) []byte {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"m%d":%d`, i, i)
		}
		return []byte("{" + strings.Join(members, ",") + "}")
	}
	if o, err := parseObject(object(maxMembers)); err != nil || len(o.values) != maxMembers {
		t.Errorf("%d members: %v", maxMembers, err)
	}
	if _, err := parseObject(object(maxMembers + 1)); !errors.Is(err, errMembers) {
		t.Errorf("%d members: %v", maxMembers+1, err)
	}
}
