package access

import "sync"

// maxParsed bounds what is remembered of queries, in bytes. A deployment has a few
// dozen auth-urls, of some 500 bytes each.
const maxParsed = 1 << 20

// Parsed remembers the requirements of queries that could be read. When it is full
// it begins anew: a proxy that hands on its clients' queries costs the others one
// parsing now and then. The zero value is empty.
type Parsed struct {
	mu      sync.RWMutex
	byQuery map[string]*Requirement
	bytes   int
	version uint64 // of the scopes' names with which all of byQuery were parsed
}

func (p *Parsed) get(query string, version uint64) *Requirement {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.version != version {
		return nil
	}
	return p.byQuery[query]
}

func (p *Parsed) put(query string, req *Requirement, version uint64) {
	size := len(query) + req.size()
	if size > maxParsed/8 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byQuery == nil || p.version != version || p.bytes+size > maxParsed {
		p.byQuery, p.bytes, p.version = make(map[string]*Requirement), 0, version
	}
	if _, ok := p.byQuery[query]; !ok {
		p.byQuery[query] = req
		p.bytes += size
	}
}

// size is about how many bytes a requirement takes in memory, with its place in the
// map. Texts without escapes are pieces of the query, and counted all the same.
func (r *Requirement) size() int {
	const fixed, slice, text = 400, 64, 32
	n := fixed + len(r.App) + len(r.Policy)
	for _, clauses := range [][]Clause{r.Roles, r.Groups, r.Scopes, r.Contexts, r.Methods, {r.Graph}} {
		for _, c := range clauses {
			n += slice
			for _, name := range c {
				n += text + len(name)
			}
		}
	}
	return n
}

// Bytes is about how much memory is taken.
func (p *Parsed) Bytes() int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return int64(p.bytes)
}

// Limit is how much is taken at most.
func (p *Parsed) Limit() int64 { return maxParsed }

// Len is how many queries are remembered.
func (p *Parsed) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.byQuery)
}
