package exchange

import (
	"net/http"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// loginAnswer tells a program which address the person opens, and for how many seconds
// it is good.
type loginAnswer struct {
	LoginURL  string `json:"login_url"`
	ExpiresIn int64  `json:"expires_in"`
}

// Login begins a sign-in of a person for a program:
// GET /easyauth/api/v1/login?redirect_uri=&state=&code_challenge=&code_challenge_method=S256.
// It asks nobody, sets nothing and remembers nothing.
func (h *Handler) Login() http.Handler {
	return h.api(stepLogin, "", func(w http.ResponseWriter, r *http.Request, v *visit) error {
		p, err := readQuery(r)
		if err != nil {
			return err
		}
		req, err := h.readRequest(p)
		if err == nil {
			err = h.checkTarget(p, v.self)
		}
		if err != nil {
			return err
		}
		sealed, err := h.requests.seal(v.self.Name, req)
		if err != nil {
			return internal(err)
		}
		pages.WriteJSON(w, http.StatusOK, loginAnswer{
			LoginURL: h.authorizeURL(v, sealed), ExpiresIn: int64(requestLifetime / time.Second),
		})
		return nil
	}, http.MethodGet, http.MethodHead)
}

// authorizeURL is the address of the page that asks the person.
func (h *Handler) authorizeURL(v *visit, sealed string) string {
	return v.self.Origin() + h.Paths.Authorize + "?" + url.Values{"request": {sealed}}.Encode()
}
