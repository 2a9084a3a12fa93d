package entra

// Unknown returns the issuers of the accepted tenants whose document or signing keys are
// not known, in front of them the authority while its own document is not; nil when all
// is known that tokens are verified with.
func (rp *RelyingParty) Unknown() (names []string) {
	if !rp.Ready() {
		names = append(names, rp.cfg.Authority)
	}
	set := rp.tenants.Load()
	if set == nil {
		return names
	}
	for _, t := range set.all {
		if doc := t.doc.Load(); doc == nil || len(doc.keys.current()) == 0 {
			names = appendNew(names, t.v2)
		}
	}
	return names
}

// Inherit takes over what an older relying party at the same authority has found out and
// what does not depend on the rest of its Config: documents, and the signing keys of
// tenants that both accept. Keys keep their age. It is called before Run, which then asks
// for documents that are missing alone, and for keys as ever. Of another authority,
// kind, tenant or policy nothing is taken: what a document had to say would be another.
// Tokens, of the client itself and of others, are never taken over.
func (rp *RelyingParty) Inherit(old *RelyingParty) {
	if rp.cfg.Authority != old.cfg.Authority || rp.cfg.Kind != old.cfg.Kind || rp.cfg.TenantID != old.cfg.TenantID || rp.cfg.Policy != old.cfg.Policy {
		return
	}
	if p := old.provider.Load(); p != nil {
		rp.adopt(p)
	}
	set, before := rp.tenants.Load(), old.tenants.Load()
	if set == nil || before == nil {
		return
	}
	for _, t := range set.all {
		for _, known := range before.all {
			if doc := known.doc.Load(); doc != nil && known.v2 == t.v2 {
				t.doc.Store(&tenantDoc{token: doc.token, algs: doc.algs, keys: rp.newKeySet(doc.keys.url).with(doc.keys)})
			}
		}
	}
}

// with gives a set that nobody else has yet the keys of another.
func (s *keySet) with(old *keySet) *keySet {
	old.mu.Lock()
	defer old.mu.Unlock()
	s.keys, s.fetched = old.keys, old.fetched
	return s
}
