package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// settingsFile is EasyAuth's configuration file. Its settings are in no environment.
type settingsFile struct {
	t    *testing.T
	path string
	set  map[string]string
}

func newSettingsFile(t *testing.T, set map[string]string) *settingsFile {
	t.Helper()
	f := &settingsFile{t, filepath.Join(t.TempDir(), "easyauth.yaml"), set}
	f.change(nil)
	return f
}

// change replaces the file by one with other settings; an empty one goes.
func (f *settingsFile) change(set map[string]string) {
	f.t.Helper()
	maps.Copy(f.set, set)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.set)) {
		if f.set[name] != "" {
			fmt.Fprintf(&b, "%s: %q\n", name, f.set[name])
		}
	}
	write(f.t, f.path, []byte(b.String()))
}

// in adds the file to the configuration of a stand, in place of what is set there.
func (f *settingsFile) in(cfg *stand.Config) {
	env := maps.Clone(cfg.Env)
	if env == nil {
		env = map[string]string{}
	}
	for name := range f.set {
		env[name] = ""
	}
	env["EASYAUTH_CONFIG_FILE"] = f.path
	cfg.Env = env
}

// aPort is one that nobody listens on: what is in a file must know nginx's before the
// start. It is above those of stands and below those that systems give away.
func aPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		if port := 31100 + rand.IntN(1500); stand.Free(t.Context(), fmt.Sprintf("127.0.0.1:%d", port)) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// loads is how many configurations a replica has loaded and refused.
func loads(v *visitor, replica int) (ok, refused float64) {
	v.t.Helper()
	const name = "easyauth_configuration_loads_total"
	return v.metric(replica, name+`{result="ok"}`), v.metric(replica, name+`{result="refused"}`)
}

// hangup has a replica read its files, and waits until it has loaded or refused them.
func hangup(t *testing.T, v *visitor, replica int) {
	t.Helper()
	ok, refused := loads(v, replica)
	if err := v.s.Replica(replica).Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the configuration to be read", func() bool {
		nowOK, nowRefused := loads(v, replica)
		return nowOK > ok || nowRefused > refused
	})
}

// The configuration and the client secret are changed again and again while people sign
// in, open pages and sign out: nobody notices.
func TestConfigurationChangesUnderACrowd(t *testing.T) {
	t.Parallel()
	k := startKeeper(t, onRedis)
	secret, secretFile := "the-secret-of-the-start", filepath.Join(t.TempDir(), "secret")
	write(t, secretFile, []byte(secret))
	cfg := k.replicas(noSecret(map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": secretFile}))
	cfg.Registration = func(c *entra.Client) { c.Secret = secret }
	file := newSettingsFile(t, map[string]string{"EASYAUTH_RENEW_BEFORE": "0", "EASYAUTH_STALE_OK": "5m"})
	file.in(&cfg)
	s := start(t, cfg)
	old := signedIn(t, s, entra.Bob)
	c := startCrowd(t, s, 3, 1)
	c.goOn("sessions", 4, sessions)
	for i, change := range []map[string]string{
		{"EASYAUTH_CLAIM_HEADERS": "department"}, {"EASYAUTH_STALE_OK": "10m", "EASYAUTH_SESSION_CACHE_MB": "32"}, {"EASYAUTH_CLAIM_HEADERS": "", "EASYAUTH_SESSION_LIFETIME": "10h"},
	} {
		file.change(change)
		before := secret
		secret = fmt.Sprintf("secret-%d-of-many", i)
		s.Entra.SetSecrets(stand.ClientID, secret, before) // the one before that is over
		write(t, secretFile, []byte(secret))
		hangup(t, old, 0)
		c.goOn("sessions", 2, sessions)
		c.goOn("sign-outs", 1, signOuts)
		waitUntil(t, "the other replica to see it by itself", func() bool { ok, _ := loads(old, 1); return ok >= float64(i+2) })
		c.goOn("passes", 20, passes)
	}
	s.Entra.SetSecrets(stand.ClientID, secret, "")
	c.goOn("sessions", 2, sessions)
	c.stop()
	c.verify(signedIn(t, s, userOf(0).ID))
	c.close()
	c.report(0, 0)
	for i := range 2 {
		if r := old.at(i, old.ticket()); r.status != http.StatusAccepted {
			t.Errorf("replica %d: a session of before: %d", i, r.status)
		}
		if ok, refused := loads(old, i); ok != 4 || refused != 0 {
			t.Errorf("replica %d: %v configurations loaded, %v refused", i, ok, refused)
		}
	}
}

// What is changed in the file counts for decisions at once, and no request fails
// meanwhile: neither one of a session, nor a sign-in that began before.
func TestConfigurationChangesDecisions(t *testing.T) {
	t.Parallel()
	const other = "other.test"
	port := aPort(t)
	both, one := fmt.Sprintf("%s:%d, %s:%d", appHost, port, other, port), fmt.Sprintf("%s:%d", appHost, port)
	tenants := entra.DefaultTenantID + ", " + fabrikam
	file := newSettingsFile(t, map[string]string{"EASYAUTH_HOSTS": both, "EASYAUTH_ALLOWED_TENANTS": tenants})
	audit := filepath.Join(t.TempDir(), "audit")
	cfg := withTenants(map[string]string{"EASYAUTH_TENANT_ID": "organizations", "EASYAUTH_AUDIT": "file", "EASYAUTH_AUDIT_FILE": audit})
	cfg.Hosts, cfg.Port = []string{appHost, other}, port
	file.in(&cfg)
	s := start(t, cfg)
	keysOfTenants(t, s)
	adele, olgas, nobody := signedIn(t, s, entra.Adele), signedIn(t, s, olga), newVisitor(t, s, "")
	with, without, logins := startLoad(3, adele, "/api/x"), startLoad(1, nobody, "/api/x"), startLoad(1, newVisitor(t, s, ""), "/easyauth/login?rd=/x")
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			only(t, "with a session", with.stop(), "200")
			only(t, "without", without.stop(), "401")
			only(t, "sign-ins", logins.stop(), "302")
		}
	}
	defer stop()
	goOn(t, with, "200", 30)

	// A sign-in that is at the identity provider, and one whose callback waits there.
	pending, flying := begin(t, s, entra.Bob, "/echo"), begin(t, s, entra.Max, "/echo")
	hold := s.Entra.HoldTokens("authorization_code")
	defer hold.Release()
	landed := make(chan string, 1)
	go func() {
		r, err := flying.v.ask(http.MethodGet, flying.target(""), page(), "")
		if err != nil {
			landed <- err.Error()
			return
		}
		landed <- fmt.Sprint(r.status)
	}()
	if err := hold.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	file.change(map[string]string{"EASYAUTH_ALLOWED_TENANTS": entra.DefaultTenantID, "EASYAUTH_HOSTS": one})
	if err := s.EasyAuthProcess().Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the tenant to be out", func() bool { return olgas.get("/api/x").status == http.StatusUnauthorized })
	if r := adele.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("a session of a tenant that stayed: %d", r.status)
	}
	if r := nobody.get(s.URL(other, "/easyauth/login?rd=/x")); r.status == http.StatusFound {
		t.Error("a host that is out signs in")
	}
	hold.Release()
	if status := <-landed; status != "302" || flying.v.cookie(ticketCookie) == "" {
		t.Errorf("a callback that began before: %s", status)
	}
	if r := pending.v.follow(pending.v.get(pending.target(""))); r.status != http.StatusOK {
		t.Errorf("a sign-in that began before: %d", r.status)
	}
	// An attempt that came back before comes back again: no second trip.
	trips := s.Entra.Requests(entra.EndpointToken)
	if r := flying.v.get(flying.target("")); s.Entra.Requests(entra.EndpointToken) != trips {
		t.Errorf("a callback a second time, after the change: %d", r.status)
	}

	file.change(map[string]string{"EASYAUTH_ALLOWED_TENANTS": tenants, "EASYAUTH_HOSTS": both})
	hangup(t, nobody, 0)
	if r := olgas.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("a tenant that is back: %d", r.status)
	}
	refusedFilesChangeNothing(t, s, file, adele)
	goOn(t, with, "200", 30)
	stop()
	tellsAudit(t, audit)
}

// refusedFilesChangeNothing breaks the file in several ways.
func refusedFilesChangeNothing(t *testing.T, s *stand.Stand, file *settingsFile, v *visitor) {
	t.Helper()
	good, err := os.ReadFile(file.path)
	if err != nil {
		t.Fatal(err)
	}
	const marker = "Zq9Marker"
	for _, tt := range []struct{ name, content, want string }{
		{"a typing error", string(good) + "EASYAUTH_HOST: " + marker + "\n", `EASYAUTH_HOST (configuration file, line`},
		{"a bad value", string(good) + "EASYAUTH_SESSION_LIFETIME: " + marker + "\n", "EASYAUTH_SESSION_LIFETIME (configuration file, line 3): must be a duration"},
		{"no YAML", "[" + marker, "EASYAUTH_CONFIG_FILE (line 1): cannot be read as YAML"},
		{"half of it", "EASYAUTH_HOSTS: app.test\n", "EASYAUTH_ALLOWED_TENANTS: is required"},
		{"what needs a restart", string(good) + "EASYAUTH_BASE_PATH: /sso\n", "EASYAUTH_BASE_PATH: cannot change while the server runs"},
		{"nothing", "", "EASYAUTH_CONFIG_FILE (line 1): holds nothing"},
	} {
		write(t, file.path, []byte(tt.content))
		hangup(t, v, 0)
		waitUntil(t, tt.name+" in the log", func() bool { return strings.Contains(s.Log(), tt.want) })
		if status, body := v.readiness(); status != http.StatusOK || !strings.Contains(body, "configuration: it was changed and cannot be used") {
			t.Errorf("%s: /readyz %d %s", tt.name, status, body)
		}
		if r := v.get("/api/x"); r.status != http.StatusOK {
			t.Errorf("%s: a session: %d", tt.name, r.status)
		}
		if strings.Contains(s.Log(), marker) {
			t.Errorf("%s: a value is in the log", tt.name)
		}
	}
	if err := os.Remove(file.path); err != nil {
		t.Fatal(err)
	}
	hangup(t, v, 0)
	waitUntil(t, "the file's loss in the log", func() bool {
		return strings.Contains(s.Log(), "EASYAUTH_CONFIG_FILE: must name a file that can be read")
	})
	write(t, file.path, good)
	waitUntil(t, "the file to be found again without being asked", func() bool { _, body := v.readiness(); return !strings.Contains(body, "configuration") })
	if v.metric(0, "easyauth_configuration_last_load_ok") != 1 {
		t.Error("the metric still says that it is refused")
	}
}

// tellsAudit looks for what changed and what was refused.
func tellsAudit(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var changed, faults []string
	for line := range strings.Lines(string(content)) {
		var event struct {
			Event           string
			Changed, Faults []string
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		switch event.Event {
		case "configuration_loaded":
			changed = append(changed, event.Changed...)
		case "configuration_refused":
			faults = append(faults, event.Faults...)
		}
	}
	if !slices.Contains(changed, "EASYAUTH_ALLOWED_TENANTS") || !slices.Contains(changed, "EASYAUTH_HOSTS") || len(faults) < 7 {
		t.Errorf("changed %q, refused %q", changed, faults)
	}
}

// While the identity provider is away, a change that narrows access counts at once: what is known of tenants that stay is
// kept. A tenant that is new waits.
func TestConfigurationWithoutTheProvider(t *testing.T) {
	t.Parallel()
	both := map[string]string{"EASYAUTH_ALLOWED_TENANTS": entra.DefaultTenantID + ", " + fabrikam}
	file := newSettingsFile(t, maps.Clone(both))
	cfg := withTenants(map[string]string{"EASYAUTH_TENANT_ID": "organizations"})
	file.in(&cfg)
	s := start(t, cfg)
	keysOfTenants(t, s)
	adele, olgas := signedIn(t, s, entra.Adele), signedIn(t, s, olga)
	want := func(when string, ofAdele, ofOlga int) {
		t.Helper()
		if a, o := adele.get("/api/x").status, olgas.get("/api/x").status; a != ofAdele || o != ofOlga {
			t.Errorf("%s: %d and %d, want %d and %d", when, a, o, ofAdele, ofOlga)
		}
	}
	want("at first", http.StatusOK, http.StatusOK)
	s.StopEntra()
	file.change(map[string]string{"EASYAUTH_ALLOWED_TENANTS": entra.DefaultTenantID})
	hangup(t, adele, 0)
	want("without the tenant", http.StatusOK, http.StatusUnauthorized)
	if v := adele.metric(0, "easyauth_configuration_last_load_ok"); v != 1 {
		t.Errorf("the change was refused:\n%s", s.Log())
	}
	file.change(both)
	hangup(t, adele, 0)
	want("with a tenant that nothing is known of", http.StatusOK, http.StatusUnauthorized)
	if log := s.Log(); !regexp.MustCompile(`could not be read within [^"]*`+fabrikam).MatchString(log) || strings.Contains(log, "could not be read within 15s: "+s.Entra.BaseURL()+"/"+entra.DefaultTenantID) {
		t.Error("the log does not name that tenant alone")
	}
	if err := s.StartEntra(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the tenant to be back by itself", func() bool { return olgas.get("/api/x").status == http.StatusOK })
	want("with both again", http.StatusOK, http.StatusOK)
	admits(t, s, "after the change")
}
