package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// An application whose own answers try to pass for EasyAuth's, and to lead nginx past
// the check: what guards another path still does, for the person who asks.
func TestAttack45HostileApplication(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob, adele := signedIn(t, s, entra.Bob), signedIn(t, s, entra.Adele)
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Injected-Roles", "Admin")
		h.Set("X-Injected-Oid", entra.AdeleOID)
		h.Set("X-Original-URL", "https://app.test/public")
		h.Set("Set-Cookie", ticketCookie+"=planted; Path=/; Secure; HttpOnly")
		if to := r.URL.Query().Get("to"); to != "" {
			h.Set("X-Accel-Redirect", to)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(hostile.Close)
	f := startFront(t, s, "", guarded("any", "/any", "", saysWhere, "")+guarded("admin", "/admin", "?role=Admin", saysWhere, "")+
		strings.ReplaceAll(guarded("hostile", "/hostile", "", saysWhere, ""), "http://app;", hostile.URL+";"))
	for _, to := range []string{"", "/admin", "/admin?x=/any", "/any/../admin", "//admin", "/%61dmin", "/hostile"} {
		f.none("to "+to+" without a ticket", f.send(get("/hostile?to="+to)), http.StatusUnauthorized)
		f.none("to "+to+" without the role", f.send(get("/hostile?to="+to, "Cookie: "+bob.ticket())))
		f.none("next, without the role", f.send(get("/admin", "Cookie: "+bob.ticket())), http.StatusUnauthorized)
	}
	// The siblings: where a person may go, nginx leads, and tells who it is.
	if h := f.one("to /any", f.send(get("/hostile?to=/any", "Cookie: "+bob.ticket()))); h.Headers.Get("X-Injected-Oid") != entra.BobOID || h.Headers.Get("X-Injected-Roles") != "" {
		t.Errorf("to /any: %q", h.identity())
	}
	if h := f.one("to /admin with the role", f.send(get("/hostile?to=/admin", "Cookie: "+adele.ticket()))); h.Headers.Get("X-Injected-Oid") != entra.AdeleOID {
		t.Errorf("to /admin: %q", h.identity())
	}
	// Into the check itself: the person's own answer, and no more than that.
	answer := f.send(get("/hostile?to=/_check-admin", "Cookie: "+bob.ticket()))
	if all := f.reached(); len(all) > 0 || strings.Contains(answer, entra.AdeleOID) || statusOf(answer) < http.StatusBadRequest {
		t.Errorf("into the check: %.300s", answer)
	}
}
