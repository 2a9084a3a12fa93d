package entra

// Informed reports whether all is known that tokens are verified with: the document
// and the signing keys of every tenant that is accepted.
func (rp *RelyingParty) Informed() bool {
	set := rp.tenants.Load()
	if set == nil || !rp.Ready() {
		return false
	}
	for _, t := range set.all {
		if doc := t.doc.Load(); doc == nil || len(doc.keys.current()) == 0 {
			return false
		}
	}
	return true
}
