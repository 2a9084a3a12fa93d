package assertion

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// KeySetAge is for how long verifiers may use the published keys without asking again.
// A key must have been published for this long before it signs.
const KeySetAge = 5 * time.Minute

// JWKS returns the handler of the public keys, as a JSON Web Key Set: all keys of Keys
// as they are now, each with kid, use and alg. It answers GET and HEAD, and conditional
// requests by ETag; other methods get 405.
func (s *Signer) JWKS() http.Handler { return http.HandlerFunc(s.serveKeys) }

func (s *Signer) serveKeys(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	keys := s.cfg.Keys.current.Load()
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(KeySetAge.Seconds())))
	h.Set("ETag", keys.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(keys.jwks))
}
