package signin

import "github.com/easyauth-sidecar/easyauth/authserver/access"

// queryNames shortens graph queries to their configured names while they travel
// in cookies and state. A name never begins with a slash, a query always does.
type queryNames struct {
	byName map[string]string // name → relative URL
	byURL  map[string]string
}

func newQueryNames(queries map[string]string) queryNames {
	n := queryNames{byName: queries, byURL: make(map[string]string, len(queries))}
	for name, url := range queries {
		if known, ok := n.byURL[url]; !ok || name < known { // the same name at every replica
			n.byURL[url] = name
		}
	}
	return n
}

// short returns m with names for the queries that have one.
func (n queryNames) short(m access.Missing) access.Missing {
	return n.replace(m, n.byURL, func(string) bool { return true })
}

// long undoes short. A name that is no longer configured is left out: the next
// check finds what is missing.
func (n queryNames) long(m access.Missing) access.Missing {
	return n.replace(m, n.byName, func(query string) bool { return query != "" && query[0] == '/' })
}

func (n queryNames) replace(m access.Missing, with map[string]string, keep func(string) bool) access.Missing {
	var out []string
	for _, query := range m.Graph {
		if other, ok := with[query]; ok {
			out = append(out, other)
		} else if keep(query) {
			out = append(out, query)
		}
	}
	m.Graph = out
	return m
}
