package docs

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// public are the hosts that a document may name in a URL, with all below them: reserved for examples, of this
// machine, of a cluster by its common name, and of what is public.
func public() []string {
	return []string{
		"example.com", "example.org", "example.net", "example", "test", "invalid", "localhost", "svc.cluster.local", "svc", "internal", "monitoring",
		"azurecr.io", "azure-api.net", "azure.com", "azurewebsites.net", "b2clogin.com", "ciamlogin.com", "microsoft.com", "microsoftonline.com", "microsoftonline.us",
		"microsoftonline.cn", "microsoft.us", "chinacloudapi.cn", "windows.net", "onmicrosoft.com", "azure.net", "azure.us",
		"github.com", "github.io", "helm.sh", "kubernetes.io", "googleapis.com", "google.com", "okta.com", "auth0.com", "amazoncognito.com", "amazonaws.com",
		"keepachangelog.com", "cyclonedx.org", "spdx.dev", "semver.org", "w3.org", "schema", "schemas.example", "schemas.xmlsoap.org", "nginx.org", "openid.net", "ietf.org", "rfc-editor.org", "opentelemetry.io", "prometheus.io",
		"grafana.com", "go.dev", "cel.dev", "apache.org", "owasp.org", "publicsuffix.org", "nist.gov", "pkg.go.dev", "cloudapp.azure.com",
	}
}

// privateThings complains of absolute paths of a machine's people and work, of addresses of private networks,
// and of hosts that are not known to be public.
func privateThings(found []document, hosts []string) []string {
	paths := regexp.MustCompile(`(^|[\s"'(=` + "`" + `])(/work/|/root/|/home/|/Users/|[A-Z]:\\Users)`)
	address := regexp.MustCompile(`\b[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?\b`)
	link := regexp.MustCompile(`https?://[^\s"'<>` + "`" + `)\]}|\\,;]+`)
	var complaints []string
	for _, d := range found {
		for number, line := range strings.Split(d.text, "\n") {
			complain := func(what, which string) {
				complaints = append(complaints, fmt.Sprintf("%s:%d: %s: %s", d.name, number+1, what, which))
			}
			for _, match := range paths.FindAllStringSubmatch(line, -1) {
				complain("a path of a machine", match[2])
			}
			for _, text := range address.FindAllString(line, -1) {
				bare, network, _ := strings.Cut(text, "/")
				if a, err := netip.ParseAddr(bare); err == nil && a.IsPrivate() && network == "" && !strings.HasPrefix(bare, "10.0.") {
					complain("an address of a private network", text)
				}
			}
			for _, text := range link.FindAllString(line, -1) {
				host := hostOf(text)
				known := func(name string) bool { return host == name || strings.HasSuffix(host, "."+name) }
				if host != "" && !slices.ContainsFunc(hosts, known) {
					complain("not known to be public", text)
				}
			}
		}
	}
	return complaints
}

// hostOf is the host of a URL; "" where a reader, a shell or a proxy fills it in, and for a name without dots.
func hostOf(text string) string {
	rest := text[strings.Index(text, "://")+3:]
	if end := strings.IndexAny(rest, "/?#%"); end >= 0 { // % begins an escape: the URL is a parameter of another
		rest = rest[:end]
	}
	if strings.ContainsAny(rest, "$…{*") || rest == strings.ToUpper(rest) {
		return ""
	}
	u, err := url.Parse("https://" + rest)
	if err != nil {
		return rest
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || regexp.MustCompile(`[A-Z]{3}`).MatchString(host) {
		return ""
	}
	return strings.TrimSuffix(host, ".")
}

func TestNothingPrivate(t *testing.T) {
	report(t, privateThings(read(t), public()))
	tests := []struct{ name, text, want string }{
		{"an example", "see https://app.example.com/a", ""},
		{"a host of somebody's", "see https://wiki.corp.contoso.lan/a", "docs/a.md:1: not known to be public: https://wiki.corp.contoso.lan/a"},
		{"one that looks public", "see https://example.com.evil.lan/", "not known to be public"},
		{"an example, escaped", "/easyauth/login?rd=https://app.example.com%2Fa", ""},
		{"a host of somebody's, escaped", "/easyauth/login?rd=https://wiki.corp.contoso.lan%2Fa", "not known to be public"},
		{"one that is filled in", "https://$host/easyauth/login, https://HOST/, https://SERVICE.NAMESPACE.svc.cluster.local", ""},
		{"this machine", "http://127.0.0.1:8080 http://localhost:9090", ""},
		{"a short name", "http://easyauth/easyauth/auth", ""},
		{"an address", "at 192.168.7.1", "an address of a private network: 192.168.7.1"},
		{"a network", "allow 10.0.0.0/8", ""},
		{"somebody's home", "cd /home/jo/easyauth", "a path of a machine: /home/"},
		{"somebody's home, quoted", "`/Users/jo`", "a path of a machine: /Users/"},
		{"a system's path", "`/etc/nginx/nginx.conf`, /home-page", ""},
		{"a path in a URL", "https://app.example.com/home/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, privateThings([]document{parse("docs/a.md", tt.text)}, public()), tt.want)
		})
	}
}
