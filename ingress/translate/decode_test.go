package translate

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// answerer tells what a proxy with a configuration does with a path: "public", "?" with the query that EasyAuth is asked
// with, or "" for 404; and to which Service it goes. The readers below read what is written as the proxies do, and
// share nothing with what writes it.
type answerer func(host, path string) (rule, to string)

// entry is one route that a reader found.
type entry struct {
	match func(host, path string) bool
	rank  int // the highest that matches wins; among equals the first
	rule  string
	to    string
}

func answering(entries []entry) answerer {
	return func(host, path string) (string, string) {
		best := entry{rank: -1}
		for _, e := range entries {
			if e.rank > best.rank && e.match(host, path) {
				best = e
			}
		}
		return best.rule, best.to
	}
}

func reader(to string) func(text string, known map[string]definition) ([]entry, error) {
	return map[string]func(string, map[string]definition) ([]entry, error){
		"traefik": readTraefik, "envoy-gateway": readEnvoy, "haproxy": readHAProxy, "caddy": readCaddy, "inline": readInline,
	}[to]
}

var traefikMatch = regexp.MustCompile("^Host\\(`([^`]+)`\\) && (?:Path\\(`([^`]+)`\\)|PathPrefix\\(`(/)`\\)|\\(Path\\(`([^`]+)`\\) \\|\\| PathPrefix\\(`([^`]+)`\\)\\))$")

func readTraefik(text string, known map[string]definition) (list []entry, err error) {
	objects, err := objectsOf(text, known)
	if err != nil {
		return nil, err
	}
	auth := map[string]string{}
	for _, o := range objects {
		if f, ok := o["forwardAuth"].(map[string]any); ok {
			u, err := url.Parse(f["address"].(string))
			if err != nil || u.Path != "/easyauth/auth/forward" || f["trustForwardHeader"] != false {
				return nil, fmt.Errorf("%v %w", f, err)
			}
			auth[fmt.Sprint(o["namespace"], "/", o["name"])] = "?" + u.RawQuery
		}
	}
	for _, o := range objects {
		if o["kind"] != "IngressRoute" {
			continue
		}
		for _, r := range o["routes"].([]any) {
			r := r.(map[string]any)
			service := r["services"].([]any)[0].(map[string]any)
			e := entry{rank: r["priority"].(int), rule: "public", to: fmt.Sprintf("%v/%v:%v", o["namespace"], service["name"], service["port"])}
			with, _ := r["middlewares"].([]any)
			for _, m := range with {
				if rule, ok := auth[fmt.Sprint(o["namespace"], "/", m.(map[string]any)["name"])]; ok {
					e.rule = rule
				}
			}
			if e.rank >= prioritySignIn || service["name"] == "noop@internal" {
				continue
			}
			m := traefikMatch.FindStringSubmatch(r["match"].(string))
			if m == nil || m[4]+"/" != m[5] && m[5] != "" {
				return nil, fmt.Errorf("rule %q", r["match"])
			}
			e.match = func(host, path string) bool {
				return host == m[1] && (path == m[2]+m[4] || m[3] != "" || m[5] != "" && strings.HasPrefix(path, m[5]))
			}
			list = append(list, e)
		}
	}
	return list, nil
}

func readEnvoy(text string, known map[string]definition) (list []entry, err error) {
	objects, err := objectsOf(text, known)
	if err != nil {
		return nil, err
	}
	auth := map[string]string{}
	for _, o := range objects {
		ext, ok := o["extAuth"].(map[string]any)
		if !ok {
			continue
		}
		path := ext["http"].(map[string]any)["path"].(string)
		rule, found := strings.CutPrefix(path, "/easyauth/auth/envoy/")
		if !found || ext["failOpen"] != false || rule == "" || strings.ContainsAny(rule, "/?#") {
			return nil, fmt.Errorf("path %q", path)
		}
		if rule == "-" {
			rule = ""
		}
		for _, ref := range o["targetRefs"].([]any) {
			auth[fmt.Sprint(o["namespace"], "/", ref.(map[string]any)["name"])] = "?" + rule
		}
	}
	for _, o := range objects {
		if o["kind"] != "HTTPRoute" || strings.HasPrefix(o["name"].(string), "easyauth-") {
			continue
		}
		rule, ok := auth[fmt.Sprint(o["namespace"], "/", o["name"])]
		if !ok {
			rule = "public"
		}
		host := o["hostnames"].([]any)[0].(string)
		for _, r := range o["rules"].([]any) {
			back := r.(map[string]any)["backendRefs"].([]any)[0].(map[string]any)
			for _, m := range r.(map[string]any)["matches"].([]any) {
				path := m.(map[string]any)["path"].(map[string]any)
				value := path["value"].(string)
				e := entry{rank: len(value), rule: rule, to: fmt.Sprintf("%v/%v:%v", o["namespace"], back["name"], back["port"])}
				e.match = func(h, p string) bool {
					return h == host && (p == value || strings.HasPrefix(p, strings.TrimSuffix(value, "/")+"/"))
				}
				if path["type"] == "Exact" {
					e.rank += 10_000
					e.match = func(h, p string) bool { return h == host && p == value }
				}
				list = append(list, e)
			}
		}
	}
	return list, nil
}

var (
	caddySite  = regexp.MustCompile(`^(?:http://)?([^ \t]+) \{$`)
	caddyMatch = regexp.MustCompile("^\t@(route[0-9]+) path_regexp `([^`]+)`$")
	caddyTo    = regexp.MustCompile(`^http://([^.]+)\.([^.]+)\.svc:([0-9]+)$`)
)

func readCaddy(text string, _ map[string]definition) (list []entry, err error) {
	host, at := "", map[string]*regexp.Regexp{}
	var e entry
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimSpace(line)
		if m := caddySite.FindStringSubmatch(line); m != nil {
			host, at = m[1], map[string]*regexp.Regexp{}
		} else if m := caddyMatch.FindStringSubmatch(line); m != nil {
			at[m[1]] = regexp.MustCompile(m[2])
		} else if name, ok := strings.CutPrefix(trimmed, "handle @route"); ok {
			expression, here := at["route"+strings.TrimSuffix(name, " {")], host
			e = entry{rank: 1, rule: "public", match: func(h, p string) bool { return h == here && expression.MatchString(p) }}
		} else if uri, ok := strings.CutPrefix(trimmed, "uri /easyauth/auth/forward?"); ok && !strings.Contains(uri, " ") {
			e.rule = "?" + uri
		} else if to, ok := strings.CutPrefix(line, "\t\t\treverse_proxy "); ok && e.match != nil {
			m := caddyTo.FindStringSubmatch(to)
			if m == nil {
				return nil, fmt.Errorf("address %q", to)
			}
			e.to = m[2] + "/" + m[1] + ":" + m[3]
			list = append(list, e)
			e = entry{}
		}
	}
	return list, nil
}

func readInline(text string, _ map[string]definition) (list []entry, err error) {
	var file struct {
		Upstreams []struct {
			Host, Path, To, Auth string
			Public               bool
		}
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	for _, u := range file.Upstreams {
		m := caddyTo.FindStringSubmatch(u.To)
		if m == nil {
			return nil, fmt.Errorf("address %q", u.To)
		}
		e := entry{rank: len(u.Path), rule: "?" + u.Auth, to: m[2] + "/" + m[1] + ":" + m[3]}
		if u.Public {
			e.rule = "public"
		}
		e.match = func(h, p string) bool {
			return h == u.Host && (p == u.Path || strings.HasPrefix(p, strings.TrimSuffix(u.Path, "/")+"/"))
		}
		list = append(list, e)
	}
	return list, nil
}

// nginxAnswer is what ingress-nginx does with a path, read from the source alone.
func nginxAnswer(sources []source, host, path string) (rule, to string) {
	best := -1
	for _, s := range sources {
		if s.host != host {
			continue
		}
		trimmed := strings.TrimRight(s.path, "/")
		rank := -1
		switch {
		case s.exact && path == s.path:
			rank = 10_000
		case !s.exact && (strings.HasPrefix(path, trimmed+"/") || path == trimmed && (s.path == trimmed || !s.public)):
			rank = len(trimmed)
		}
		if rank > best {
			best, rule, to = rank, s.rule(), s.to()
		}
	}
	return rule, to
}

// source is one Ingress with one path.
type source struct {
	host, path, query, service string
	port                       int
	exact, public              bool
}

func (s source) rule() string {
	if s.public {
		return "public"
	}
	return "?" + strings.TrimRightFunc(s.query, unicode.IsSpace) // ingress-nginx trims annotations
}

func (s source) to() string { return "ns/" + s.service + ":" + strconv.Itoa(s.port) }
