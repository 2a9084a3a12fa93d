package translate

import (
	"strconv"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

func (s source) ingress(name string) annotations.Ingress {
	path := annotations.Path{Path: s.path, Type: "Prefix", Service: s.service, Port: strconv.Itoa(s.port), Line: 3}
	if s.exact {
		path.Type = "Exact"
	}
	i := annotations.Ingress{
		File: "f", Line: 1, Namespace: "ns", Name: name, Annotations: map[string]annotations.Value{},
		Rules: []annotations.Rule{{Host: s.host, Line: 2, Paths: []annotations.Path{path}}},
	}
	if !s.public {
		url := "http://easyauth.login.svc/easyauth/auth"
		if s.query != "" {
			url += "?" + s.query
		}
		i.Annotations[annotations.Prefix+"auth-url"] = annotations.Value{Text: url, Line: 4}
	}
	return i
}

// probes are paths around those of the source.
func probes(sources []source, extra string) []string {
	list := []string{"/", "/x", extra}
	for _, s := range sources {
		trimmed := strings.TrimRight(s.path, "/")
		list = append(list, s.path, trimmed, trimmed+"/", trimmed+"/x", trimmed+"x", strings.ToUpper(s.path), trimmed+"/x/y")
	}
	return list
}

// compare asserts that what is written, read as the proxy reads it, does with every probe what ingress-nginx does: the same
// host, path, rule and Service.
func compare(t *testing.T, known map[string]definition, sources []source, extra string) (taken bool) {
	t.Helper()
	var m annotations.Manifest
	hosts := []string{"other.example.com"}
	for i, s := range sources {
		m.Ingresses = append(m.Ingresses, s.ingress("i"+strconv.Itoa(i)))
		hosts = append(hosts, s.host)
	}
	for _, to := range Targets() {
		r, err := Translate(m, Config{To: to})
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		if r.Refused == len(sources) {
			if r.Text != "" {
				t.Fatalf("%s: all refused, and still:\n%s", to, r.Text)
			}
			continue
		}
		if r.Refused != 0 { // of another host: the other tests see to it
			continue
		}
		taken = true
		entries, err := reader(to)(r.Text, known)
		if err != nil {
			t.Fatalf("%s: %v\n%s", to, err, r.Text)
		}
		ask := answering(entries)
		for _, host := range hosts {
			for _, path := range probes(sources, extra) {
				if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/easyauth") || strings.Contains(path, "//") {
					continue // the sign-in paths are others' matter, and proxies merge slashes before
				}
				wantRule, wantTo := nginxAnswer(sources, host, path)
				rule, service := ask(host, path)
				if rule, wantRule = alike(rule), alike(wantRule); rule != wantRule || service != wantTo {
					t.Fatalf("%s: %q %q: %q to %q, nginx %q to %q\n%s", to, host, path, rule, service, wantRule, wantTo, r.Text)
				}
			}
		}
	}
	return taken
}

// alike writes signs plainly that mean the same in a query, escaped or not.
func alike(rule string) string {
	return strings.NewReplacer("%2F", "/", "%3F", "?").Replace(rule)
}

func TestSameAnswersAsNginx(t *testing.T) {
	known := definitions(t)
	const host = "app.example.com"
	root := source{host: host, path: "/", service: "app", port: 80}
	admin := source{host: host, path: "/admin", query: "role=Admin", service: "app", port: 81}
	open := source{host: host, path: "/open", public: true, service: "open", port: 82}
	for name, sources := range map[string][]source{
		"one":                        {root},
		"a longer path":              {root, admin},
		"an open path":               {root, open},
		"an open host":               {{host: host, path: "/", public: true, service: "app", port: 80}, admin},
		"three":                      {root, admin, open},
		"a path in a path":           {admin, {host: host, path: "/admin/x", query: "role=X", service: "x", port: 80}},
		"no root":                    {admin},
		"siblings":                   {admin, {host: host, path: "/administrator", public: true, service: "x", port: 80}},
		"a slash at the end":         {root, {host: host, path: "/admin/", query: "role=Admin", service: "x", port: 80}},
		"Exact":                      {root, {host: host, path: "/x", exact: true, public: true, service: "x", port: 80}},
		"Exact with a slash":         {root, {host: host, path: "/x/", exact: true, query: "role=X", service: "x", port: 80}},
		"Exact root":                 {root, {host: host, path: "/", exact: true, public: true, service: "x", port: 80}},
		"Exact and Prefix":           {root, admin, {host: host, path: "/admin", exact: true, public: true, service: "x", port: 80}},
		"a slash that is kept":       {root, {host: host, path: "/open/", public: true, service: "x", port: 80}},
		"a slash that is kept lower": {root, admin, {host: host, path: "/admin/open/", public: true, service: "x", port: 80}},
		"signs of a path":            {root, {host: host, path: "/a.b+c=d", query: "role=A", service: "x", port: 80}},
		"signs of a query":           {root, {host: host, path: "/a", query: `role=-._~:/?@!&'()*+,;=%7C|''`, service: "x", port: 80}},
		"two hosts":                  {root, {host: "b.example.com", path: "/", query: "role=B", service: "b", port: 80}},
	} {
		t.Run(name, func(t *testing.T) {
			if !compare(t, known, sources, "/admin/x/y") {
				t.Error("nothing was translated")
			}
		})
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add("app.example.com", "/", false, "", "/admin", false, "role=Admin", false, "/admin/x")
	f.Add("app.example.com", "/a/", true, "role='x'", "/a", false, "graph=/me?$select=x", true, "/A")
	f.Add("a\"b", "/{x}", false, "`", "/\n", false, "\n", true, "/%2e")
	f.Add("app.example.com", "/a.b", false, "role=%7C|", "/a+b", true, "x=';\"", true, "/a%b")
	f.Add("APP.example.com", "/open/", false, "", "/", false, "role=A", true, "/open")
	f.Add("app.example.com", "/", false, " ", "/a", false, "role=A ", true, "/x")
	known := definitions(f)
	f.Fuzz(func(t *testing.T, host, path1 string, exact1 bool, query1, path2 string, exact2 bool, query2 string, public2 bool, probe string) {
		host = strings.ToLower(host)
		compare(t, known, []source{
			{host: host, path: path1, exact: exact1, query: query1, service: "one", port: 80},
			{host: host, path: path2, exact: exact2, query: query2, public: public2, service: "two", port: 8080},
		}, probe)
	})
}
