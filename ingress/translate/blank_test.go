package translate

import (
	"net/http"
	"strings"
	"testing"
)

// blanking lists headers that EasyAuth reads and never sends: ingress-nginx then keeps a client's from the
// application.
func blanking(names string) string {
	return strings.Replace(runIngresses, `"x-injected-oid"`, `"x-injected-oid,`+names+`"`, 1)
}

func TestBlanked(t *testing.T) {
	const note = "the application gets no cookie, as before: EasyAuth sends none"
	for to, want := range map[string]string{
		"traefik": "      - authorization\n      - cookie\n    authResponseHeadersRegex",
		"haproxy": "\n    http-request del-header Authorization if { var(txn.route) -m str route4 }\n    http-request del-header Cookie if { var(txn.route) -m str route4 }\n",
		"caddy":   "\t\t\treverse_proxy http://app.shop.svc:80 {\n\t\t\t\theader_up -Authorization\n\t\t\t\theader_up -Cookie\n\t\t\t}\n",
	} {
		r := translation(t, blanking("Authorization,cookie,Authorization"), to)
		if r.Refused != 0 || strings.Count(r.Text, want) != 1 || !strings.Contains(lines(r.Notes), note) || strings.Contains(lines(r.Notes), "easyauth.lua copies") {
			t.Errorf("%s: %s\n%s", to, lines(r.Notes), r.Text)
		}
		if r := translation(t, runIngresses, to); strings.Contains(lines(r.Notes), "as before: EasyAuth") {
			t.Errorf("%s, none is listed: %s", to, lines(r.Notes))
		}
	}
	for _, to := range []string{"envoy-gateway", "inline"} {
		text := strings.Replace(blanking("authorization"), "path: /open/", "path: /open", 1)
		if r := translation(t, text, to); r.Refused != 4 || !strings.Contains(lines(r.Notes), "refused: nginx.ingress.kubernetes.io/auth-response-headers: with authorization listed") {
			t.Errorf("%s: %s", to, lines(r.Notes))
		}
		if r := translation(t, strings.Replace(text, ",authorization", ",x-user", 1), to); r.Refused != 0 {
			t.Errorf("%s, another is listed: %s", to, lines(r.Notes))
		}
	}
}

// The question has what the client said, the application's request has not.
func TestRunningBlanked(t *testing.T) {
	for _, to := range []string{"caddy", "haproxy"} {
		t.Run(to, func(t *testing.T) {
			w := newWorld(t)
			w.tunnels.Store(true) // the application tells all that it got
			text := strings.Replace(blanking("authorization,cookie"), "  tls:\n    - hosts: [app.example.com]\n      secretName: app-tls\n", "", 1)
			address := startWith(t, w, to, translation(t, text, to).Text, asItIs)
			for target, told := range map[string]bool{"/a": false, "/": true, "/open/": true} {
				status, body := get(t, address, target, in, "Authorization: Basic eDp5")
				for _, name := range []string{" Authorization=Basic eDp5", " Cookie=in=1"} {
					if status != http.StatusOK || strings.Contains(body, name) != told {
						t.Errorf("%s: %d %s", target, status, body)
					}
				}
				if strings.Contains(body, "Authorization=") != told || strings.Contains(body, "Cookie=") != told {
					t.Errorf("%s: %s", target, body)
				}
			}
			if status, body := get(t, address, "/a", "Authorization: Basic eDp5"); status < 300 || strings.Contains(body, "app ") {
				t.Errorf("nobody is signed in: %d %s", status, body)
			}
		})
	}
}
