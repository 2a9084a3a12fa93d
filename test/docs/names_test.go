package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// inProxies is what pages about proxies call the secret in the proxy's own environment.
const inProxies = "EASYAUTH_PROXY_SECRET"

// unknownSettings complains of every EASYAUTH_ name that is no setting. A name that ends in a bar is the
// beginning of several.
func unknownSettings(found []document, names []string) []string {
	word := regexp.MustCompile(`EASYAUTH_[A-Z0-9_]*`)
	// What Kubernetes sets for a Service called easyauth, or one whose name begins so.
	link := regexp.MustCompile(`^EASYAUTH_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?)$`)
	var complaints []string
	for _, d := range found {
		for number, line := range strings.Split(d.text, "\n") {
			for _, name := range word.FindAllString(line, -1) {
				begins := func(s string) bool { return strings.HasPrefix(s, name) }
				switch {
				case slices.Contains(names, name), link.MatchString(name):
				case name == inProxies && strings.HasPrefix(d.name, "docs/proxies/"):
				case strings.HasSuffix(name, "_") && slices.ContainsFunc(names, begins):
				default:
					complaints = append(complaints, fmt.Sprintf("%s:%d: %s is no setting", d.name, number+1, name))
				}
			}
		}
	}
	return complaints
}

func settings() []string {
	var names []string
	for _, s := range config.Settings() {
		names = append(names, s.Name)
	}
	return names
}

func TestSettingsExist(t *testing.T) {
	names := settings()
	if !slices.Contains(names, "EASYAUTH_HOSTS") {
		t.Fatalf("settings: %q", names)
	}
	report(t, unknownSettings(read(t), names))
	tests := []struct{ name, text, want string }{
		{"one that there is", "`EASYAUTH_HOSTS`", ""},
		{"one that there is not", "`EASYAUTH_HOST`", "docs/a.md:1: EASYAUTH_HOST is no setting"},
		{"in a block", "```sh\nEASYAUTH_HOST=a\n```", "docs/a.md:2: EASYAUTH_HOST is no setting"},
		{"several by their beginning", "`EASYAUTH_BRAND_*`", ""},
		{"several that there are not", "`EASYAUTH_BRANDS_*`", "EASYAUTH_BRANDS_ is no setting"},
		{"what a proxy has in its environment, where it is no proxy's page", "`EASYAUTH_PROXY_SECRET`", "EASYAUTH_PROXY_SECRET is no setting"},
		{"what Kubernetes sets", "`EASYAUTH_REDIS_PORT_6379_TCP_ADDR`, `EASYAUTH_SERVICE_HOST`", ""},
		{"nearly what Kubernetes sets", "`EASYAUTH_SERVICE_HOSTS`", "EASYAUTH_SERVICE_HOSTS is no setting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, unknownSettings([]document{parse("docs/a.md", tt.text)}, names), tt.want)
		})
	}
}

// described notes what is registered.
type described struct{ names []string }

func (d *described) Register(c prometheus.Collector) error {
	all := make(chan *prometheus.Desc)
	go func() {
		defer close(all)
		c.Describe(all)
	}()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	for desc := range all {
		match := name.FindStringSubmatch(desc.String())
		if match == nil {
			continue
		}
		d.names = append(d.names, match[1])
		_, many := c.(*prometheus.HistogramVec)
		if _, one := c.(prometheus.Histogram); one || many {
			d.names = append(d.names, match[1]+"_bucket", match[1]+"_sum", match[1]+"_count")
		}
	}
	return nil
}

func (d *described) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = d.Register(c) // never fails
	}
}

func (d *described) Unregister(prometheus.Collector) bool { return false }

// metricNames are the names of all metrics of the program, a histogram's parts among them.
func metricNames(t *testing.T) []string {
	t.Helper()
	var d described
	metrics.New(&d, "test")
	if !slices.Contains(d.names, "easyauth_decisions_total") {
		t.Fatalf("metrics: %q", d.names)
	}
	return d.names
}

// unknownMetrics complains of every easyauth_ name that is no metric, nor another known name.
func unknownMetrics(found []document, names, others []string) []string {
	word := regexp.MustCompile(`\beasyauth_[a-z0-9_]+`)
	var complaints []string
	for _, d := range found {
		for number, line := range strings.Split(d.text, "\n") {
			for _, name := range word.FindAllString(line, -1) {
				begins := func(s string) bool { return strings.HasPrefix(s, name) }
				if slices.Contains(names, name) || slices.Contains(others, name) || strings.HasSuffix(name, "_") && slices.ContainsFunc(names, begins) {
					continue
				}
				complaints = append(complaints, fmt.Sprintf("%s:%d: %s is no metric", d.name, number+1, name))
			}
		}
	}
	return complaints
}

// namesOfOthers begin with easyauth_ and are no metrics: tables of PostgreSQL, a cluster of Envoy's, a
// Middleware of Traefik's, and variables and files of the configurations of nginx and HAProxy that documents
// show.
func namesOfOthers(found []document) []string {
	others := []string{"easyauth_schema", "easyauth_sessions", "easyauth_leases", "easyauth_once", "easyauth_questions", "easyauth_edge"}
	proxies := regexp.MustCompile(`[$@/_]easyauth_[a-z0-9_]+|\b(?:txn|proc)\.easyauth_[a-z0-9_]+|\beasyauth_[a-z0-9_]+\.conf`)
	for _, d := range found {
		for _, name := range proxies.FindAllString(d.text, -1) {
			name = strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(name, "$@/_"), "txn."), "proc.")
			others = append(others, strings.TrimSuffix(name, ".conf"))
		}
	}
	return others
}

func TestMetricsExist(t *testing.T) {
	names, found := metricNames(t), read(t)
	report(t, unknownMetrics(found, names, namesOfOthers(found)))
	tests := []struct{ name, text, want string }{
		{"one that there is", "`easyauth_decisions_total`", ""},
		{"one that there is not", "`easyauth_decision_total`", "docs/a.md:1: easyauth_decision_total is no metric"},
		{"in an expression", "```yaml\nexpr: rate(easyauth_decision_total[5m])\n```", "easyauth_decision_total is no metric"},
		{"a part of what is no histogram", "`easyauth_decisions_total_bucket`", "easyauth_decisions_total_bucket is no metric"},
		{"several by their beginning", "`easyauth_cache_*`", ""},
		{"several that there are not", "`easyauth_caches_*`", "easyauth_caches_ is no metric"},
		{"a table", "`easyauth_leases`", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, unknownMetrics([]document{parse("docs/a.md", tt.text)}, names, namesOfOthers(nil)), tt.want)
		})
	}
}
