package headers

import (
	"net/http"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Rendered is what one identity gives, for any auth-url. It does not change and
// may be kept and written to many answers, also at once.
type Rendered struct {
	r      *Renderer
	keys   []string // as in http.Header; the fixed headers come first
	values []string // one a key

	overflowWithGraph string // what overflow says when a graph result is missing too

	room  int // what is left for graph results, as measured by cost
	graph []answer

	jsonHead string // Combined: the JSON text up to the first graph result

	scopes uint64 // version of the scopes' names
}

// Current reports whether Render would still give the same: the names of scopes
// have not changed since.
func (v *Rendered) Current() bool { return v.scopes == v.r.scopes.Version() }

// answer is the result of one graph query, ready to be joined with others.
type answer struct {
	query string
	text  string // empty: dropped from the ticket or too long
	cost  int
}

// Write sets the headers, each with exactly one value. The graph header answers
// queries in their order, and only with results of exactly these queries: one
// that is absent, over 2,048 bytes when encoded, or beyond the budget
// leaves its place empty. Headers of tokens, and of an assertion, are there and empty until
// WriteTokens and WriteAssertion.
// Write reports whether the overflow header names anything. It keeps no reference to queries; the values in h are shared and
// must be replaced, not changed.
func (v *Rendered) Write(h http.Header, queries []string) (overflow bool) {
	for i, key := range v.keys {
		if key != "" { // of another profile
			h[key] = v.values[i : i+1 : i+1]
		}
	}
	v.r.writeNoTokens(h)
	v.r.writeNoAssertion(h)
	if len(queries) == 0 || v.r.profile != EasyAuth {
		return v.values[slotOverflow] != ""
	}
	texts, complete := v.answers(queries)
	if v.r.format == Combined {
		h[v.keys[slotUserinfo]] = []string{v.userinfo(texts)}
	} else {
		h[v.keys[slotGraph]] = []string{strings.Join(texts, separator)}
	}
	if complete {
		return v.values[slotOverflow] != ""
	}
	h[v.keys[slotOverflow]] = []string{v.overflowWithGraph}
	return true
}

// answers returns one text a query, or none when not even their separators fit.
func (v *Rendered) answers(queries []string) (texts []string, complete bool) {
	separatorCost, blank, blankCost := 1, "", 0
	if v.r.format == Combined {
		separatorCost, blank, blankCost = v.r.cost(","), emptyString, v.r.cost(emptyString)
	}
	room := v.room - len(queries)*(blankCost+separatorCost) + separatorCost
	if room < 0 {
		return nil, false
	}
	texts, complete = make([]string, len(queries)), true
	for i, q := range queries {
		texts[i] = blank
		if a := v.find(q); a != nil && a.text != "" && a.cost-blankCost <= room {
			texts[i] = a.text
			room -= a.cost - blankCost
			continue
		}
		complete = false
	}
	return texts, complete
}

func (v *Rendered) find(query string) *answer {
	for i := range v.graph {
		if v.graph[i].query == query {
			return &v.graph[i]
		}
	}
	return nil
}

// prepareGraph encodes all results once.
func (v *Rendered) prepareGraph(results []access.GraphResult) {
	v.graph = make([]answer, 0, len(results))
	for _, g := range results {
		a := answer{query: g.Query}
		if !g.Dropped {
			a.text = v.r.graphText(g.JSON)
			a.cost = v.r.cost(a.text)
		}
		v.graph = append(v.graph, a)
	}
}

// graphText returns a result as it will stand between separators; empty when it
// is too long.
func (r *Renderer) graphText(json string) string {
	if len(json) > maxGraph {
		return "" // no encoding makes it shorter
	}
	alone := json
	if r.encoding.verbatim() {
		alone = asciiJSON(json)
	}
	if alone = r.encoding.value(alone); len(alone) > maxGraph {
		return ""
	}
	if r.format == Combined {
		return r.jsonString(json)
	}
	return alone
}

// Size returns about how many bytes of memory v holds, for a cache.
func (v *Rendered) Size() int {
	const header, word = 300, 80
	n := header + len(v.overflowWithGraph) + len(v.jsonHead)
	for i := range v.keys {
		n += word + len(v.keys[i]) + len(v.values[i])
	}
	for i := range v.graph {
		n += word + len(v.graph[i].query) + len(v.graph[i].text)
	}
	return n
}
