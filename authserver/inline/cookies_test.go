package inline

import (
	"strings"
	"testing"
)

// FuzzCookies filters any lines of Cookie: none of ours stays, all others do, as they are.
func FuzzCookies(f *testing.F) {
	for _, line := range []string{"a=1", "__Host-easyauth=t; a=1", "a=1;__Secure-easyauth-0a1b2c-1 = u", "=easyauth=x", ";;; ", "easyauth", "a=\"b; easyauth=c\"", "__host-__secure-easyauth=1"} {
		f.Add(line, "b=2; easyauth=x")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		var want []string
		for _, line := range []string{one, two} {
			var kept []string
			blank := 0
			for pair := range strings.SplitSeq(line, ";") {
				name, _, _ := strings.Cut(strings.TrimLeft(pair, " \t="), "=")
				name = asciiLower(strings.Trim(name, " \t"))
				if rest, ok := strings.CutPrefix(name, "__host-"); ok {
					name = rest
				} else {
					name = strings.TrimPrefix(name, "__secure-")
				}
				if pair = strings.Trim(pair, " \t"); pair == "" {
					blank++
				} else if name != "easyauth" && !strings.HasPrefix(name, "easyauth-") {
					kept = append(kept, pair)
				}
			}
			if all := len(kept) == strings.Count(line, ";")+1-blank; all {
				kept = []string{line}
			}
			if text := strings.Join(kept, "; "); text != "" {
				want = append(want, text)
			}
		}
		if got := withoutOwn([]string{one, two}); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("of %q and %q %q is left, want %q", one, two, got, want)
		}
	})
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
