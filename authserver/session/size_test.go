package session

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// What a session read from a store is counted as is about what it keeps in memory,
// also with another provider's names instead of GUIDs, and much in its claims.
func TestStoredBytes(t *testing.T) {
	const n = 100
	codec := testCodec(t)
	for _, claims := range []int{100, 20_000, 60_000} {
		values := make([][]byte, n)
		for i := range values {
			s := testSession()
			s.Identity.Tenant, s.Identity.Object = "a tenant", fmt.Sprintf("somebody %d", i)
			for g := range 50 {
				s.Identity.Groups = append(s.Identity.Groups, fmt.Sprintf("/departments/%d/teams/%d", i, g))
			}
			s.Identity.Claims = []access.Claim{{Name: "much", Values: []string{strings.Repeat(fmt.Sprintf("%04d ", i), claims/5)}}}
			s.Tokens.Access, s.Tokens.Refresh = secret.New(strings.Repeat("a", 2000)), secret.New(strings.Repeat("r", 1000))
			var err error
			if values[i], err = encodeValue(codec, s); err != nil {
				t.Fatal(err)
			}
		}
		before, sessions, counted := heapNow(), make([]*Session, n), 0
		for i, plain := range values {
			s, err := decodeValue(codec, plain)
			if err != nil {
				t.Fatal(err)
			}
			sessions[i] = s
			counted += s.size()
		}
		taken := (heapNow() - before) / n
		counted /= n
		t.Logf("%d bytes of claims: %d bytes a session, counted as %d", claims, taken, counted)
		if counted < taken*9/10 || counted > taken*2 {
			t.Errorf("%d bytes of claims: %d bytes a session, counted as %d", claims, taken, counted)
		}
		runtime.KeepAlive(sessions)
		runtime.KeepAlive(values)
	}
}

func heapNow() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc) //nolint:gosec // small
}
