package signin

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	handoverLifetime = time.Minute
	maxHandover      = 3000 // characters: a Location that fits nginx's 4k buffer
	handoverName     = "handover"
	handoverToken    = 32 // characters
	// maxHandoverTokens: a sibling host may plant cookies beside ours.
	maxHandoverTokens = 4
)

// handOver sends the person to the one host that signs in for all. What is
// missing goes along, sealed, and a short-lived cookie of both hosts proves that
// the same browser brings it: nobody can make another ask for more.
func (h *Handler) handOver(w http.ResponseWriter, r *http.Request, v *visit, in *intent) error {
	var token string
	if tokens := cookie.Values(r.Header, h.Cookies.HandOver.Name, 1); len(tokens) > 0 && len(tokens[0]) == handoverToken {
		token = tokens[0] // the tabs of a browser share one
	} else {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand
		token = hex.EncodeToString(b[:])
	}
	sealed, err := h.sealHandOver(token, in)
	if errors.Is(err, seal.ErrTooLong) { // a very long page
		in.page = h.defaultOf(in.page, v.self)
		sealed, err = h.sealHandOver(token, in)
	}
	if errors.Is(err, seal.ErrTooLong) {
		return errTooMuchAsked(in.page, err)
	}
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", h.Cookies.HandOver.Set(token, handoverLifetime))
	v.result = "handed_over"
	redirect(w, h.CallbackHost.Origin()+h.Paths.Login+"?"+url.Values{"h": {sealed}}.Encode())
	return nil
}

func (h *Handler) sealHandOver(token string, in *intent) (string, error) {
	var p wire.Writer
	p.Time(h.Now())
	p.Text(token)
	p.Text(in.page)
	p.Text(in.prompt)
	writeMissing(&p, h.names.short(in.missing))
	return h.handovers.Seal(handoverName, p)
}

func (h *Handler) openHandOver(r *http.Request, sealed string) (*intent, error) {
	plain, err := h.handovers.Open(handoverName, sealed)
	if err != nil {
		return nil, errState(fault.StateInvalid, err)
	}
	p := wire.NewReader(plain)
	at, token := p.Time(), p.Text()
	in := &intent{page: p.Text(), prompt: p.Text(), missing: h.names.long(readMissing(p))}
	if err := p.End(); err != nil {
		return nil, err
	}
	if age := h.Now().Sub(at); age > handoverLifetime || age < -handoverLifetime {
		return nil, errState(fault.StateExpired, errors.New("the hand-over is older than a minute"))
	}
	if !slices.Contains(cookie.Values(r.Header, h.Cookies.HandOver.Name, maxHandoverTokens), token) {
		// Another browser's: only the page is taken, as from any link.
		return &intent{page: in.page}, nil
	}
	return in, nil
}
