package examples

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// deviceFlow is the emulator with what it lacks: the device code flow of RFC 8628, for one person who always
// signs in, after one time of waiting. It also makes tokens expire.
type deviceFlow struct {
	*entra.Server

	user string

	mu    sync.Mutex
	stale int // so many of the next tokens have expired when they arrive
	asked int // token requests of programs
	polls int
}

// devices serves the emulator with device codes and returns its address.
func devices(t *testing.T, idp *entra.Server, user string) (*deviceFlow, string) {
	t.Helper()
	d := &deviceFlow{Server: idp, user: user}
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	return d, srv.URL
}

// expire makes the next n tokens of programs expired ones, and begins to count anew.
func (d *deviceFlow) expire(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stale, d.asked, d.polls = n, 0, 0
}

// requests is how many token requests there were since expire, those that were told to wait not counted.
func (d *deviceFlow) requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// ServeHTTP implements http.Handler.
func (d *deviceFlow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch base := "/" + tenantID + "/oauth2/v2.0/"; {
	case r.URL.Path == base+"devicecode":
		d.begin(w, form)
		return
	case r.URL.Path == base+"token" && form.Get("grant_type") == "urn:ietf:params:oauth:grant-type:device_code":
		d.poll(w, form)
		return
	case r.URL.Path == base+"token" && form.Get("grant_type") == "client_credentials":
		defer d.count()()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.Server.ServeHTTP(w, r)
}

// count counts one token, which has expired if that was wanted until the returned function is called.
func (d *deviceFlow) count() (after func()) {
	d.asked++
	if d.stale == 0 {
		return func() {}
	}
	d.stale--
	d.SetFaults(entra.Faults{AccessToken: entra.Expired})
	return d.ClearFaults
}

func (d *deviceFlow) begin(w http.ResponseWriter, form url.Values) {
	if form.Get("client_id") != cliID || form.Get("scope") != ordersRead {
		say(w, http.StatusBadRequest, map[string]any{"error": "invalid_client", "error_description": "AADSTS700016: no such application"})
		return
	}
	say(w, http.StatusOK, map[string]any{
		"device_code": "GMMhmHCXhWEzkobqIHGG_EnNYYsAkukHspeYUk9E8", "user_code": "WDJB-MJHT", "verification_uri": "https://microsoft.com/devicelogin",
		"expires_in": 900, "interval": 1, "message": "Open \"https://microsoft.com/devicelogin\"",
	})
}

func (d *deviceFlow) poll(w http.ResponseWriter, form url.Values) {
	if form.Get("client_id") != cliID || !strings.HasPrefix(form.Get("device_code"), "GMMhmHCX") {
		say(w, http.StatusBadRequest, map[string]any{"error": "bad_verification_code"})
		return
	}
	if d.polls++; d.polls == 1 {
		say(w, http.StatusBadRequest, map[string]any{"error": "authorization_pending", "error_description": "AADSTS70016: wait"})
		return
	}
	defer d.count()()
	token, err := d.UserToken(d.user, cliID, ordersRead)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	say(w, http.StatusOK, map[string]any{"token_type": "Bearer", "scope": ordersRead, "expires_in": 3600, "access_token": token})
}

func say(w http.ResponseWriter, status int, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the program has gone away
}
