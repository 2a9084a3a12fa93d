package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Kubernetes injects variables for every Service of the namespace: with one
// called easyauth, or easyauth-redis, their names begin like ours.
var (
	serviceVariable = regexp.MustCompile(`^EASYAUTH_(.*_)?SERVICE_(HOST|PORT.*)$`)
	portVariable    = regexp.MustCompile(`^EASYAUTH_(.*_)?PORT(_[0-9]+_(TCP|UDP|SCTP).*)?$`)
)

func injected(name string) bool {
	return serviceVariable.MatchString(name) || portVariable.MatchString(name)
}

// refuseUnknown reports every EASYAUTH_ variable that is not in the spec, in
// any spelling of its prefix, set or empty. What Kubernetes injects passes, with
// a warning where the value shows that it was not Kubernetes who set it.
func refuseUnknown(vars map[string]string, r *report) {
	known := slices.DeleteFunc(variables(), func(name string) bool { return !hasFold(name, prefix) })
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		switch {
		case !hasFold(name, prefix) || slices.Contains(known, name):
		case !injected(name):
			r.fault(printable(name), "is not known%s", didYouMean(name, known))
		case strings.HasSuffix(name, "_PORT") && !strings.Contains(name, "_PORT_") && !serviceVariable.MatchString(name) && !strings.Contains(vars[name], "://"):
			r.warn(printable(name), "is ignored: Kubernetes sets variables of this name for Services; the listeners are EASYAUTH_LISTEN and EASYAUTH_ADMIN_LISTEN")
		}
	}
}

func hasFold(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// printable makes the name of a variable that is not ours safe to show.
func printable(name string) string {
	const limit = 80
	if len(name) > limit {
		name = name[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
}

// Nearest returns the candidate that name is a misspelling of: one letter differs or, in
// longer names, two; or name only lacks first words of the one candidate that ends so
// (EASYAUTH_SECRET). "" if there is none. Case does not count, nor a prefix that all
// settings have.
func Nearest(name string, candidates []string) string {
	name = strings.ToUpper(printable(name))
	own := ownPart(name)
	best, fewest := "", 2
	if len(own) < 8 {
		fewest = 1
	}
	var endSo []string
	for _, candidate := range candidates {
		upper := strings.ToUpper(candidate)
		if n := distance(name, upper); n < fewest || n == fewest && best == "" {
			best, fewest = candidate, n
		}
		if own != name && own != "" && strings.HasSuffix(upper, "_"+own) {
			endSo = append(endSo, candidate)
		}
	}
	if best == "" && len(endSo) == 1 {
		return endSo[0]
	}
	return best
}

// ownPart returns what follows the prefix of a setting, ours or EasyAuthForK8s'.
func ownPart(name string) string {
	if rest, ok := strings.CutPrefix(name, prefix); ok {
		return rest
	}
	if _, rest, ok := strings.Cut(name, "__"); ok {
		return rest
	}
	return name
}

// didYouMean is what a fault about an unknown name goes on with.
func didYouMean(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; `easyauth settings` prints all that there are"
}

// distance counts the insertions, deletions, replacements and swaps of two
// neighbours that turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 0
			if a[i-1] != b[j-1] {
				change = 1
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
