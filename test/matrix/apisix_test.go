package matrix

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

const apisixPage = "docs/proxies/apisix.md"

// apisixConfig is what the document's configuration may hold.
type apisixConfig struct {
	Upstreams []struct {
		ID, Type string
		Nodes    map[string]int
	}
	PluginConfigs []struct {
		ID      string
		Plugins apisixPlugins
	} `yaml:"plugin_configs"`
	Routes []apisixRoute
}

type apisixRoute struct {
	ID, Host, URI   string
	URIs            []string `yaml:"uris"`
	Vars            [][]string
	Priority        int
	UpstreamID      string `yaml:"upstream_id"`
	EnableWebsocket bool   `yaml:"enable_websocket"`
	PluginConfigID  string `yaml:"plugin_config_id"`
	Plugins         apisixPlugins
}

type apisixPlugins struct {
	Serverless *struct {
		Phase     string
		Functions []string
	} `yaml:"serverless-pre-function"`
	Fault *struct {
		Abort struct {
			Status int `yaml:"http_status"`
		}
	} `yaml:"fault-injection"`
	ForwardAuth *struct {
		URI              string
		RequestMethod    string `yaml:"request_method"`
		AllowDegradation *bool  `yaml:"allow_degradation"`
		StatusOnError    int    `yaml:"status_on_error"`
		Timeout          int
		RequestHeaders   []string `yaml:"request_headers"`
		UpstreamHeaders  []string `yaml:"upstream_headers"`
		ClientHeaders    []string `yaml:"client_headers"`
	} `yaml:"forward-auth"`
}

func readAPISIX(t *testing.T) apisixConfig {
	t.Helper()
	var c apisixConfig
	d := yaml.NewDecoder(strings.NewReader(Block(t, apisixPage, "yaml", 1)))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// APISIX cannot be run here. Its configuration asks wherever it must, and cleans wherever it leads to the application.
func TestAPISIXConfiguration(t *testing.T) {
	c := readAPISIX(t)
	if len(c.PluginConfigs) != 1 || c.PluginConfigs[0].Plugins.Serverless == nil || c.PluginConfigs[0].Plugins.Serverless.Phase != "rewrite" {
		t.Fatalf("plugin_configs: %+v", c.PluginConfigs)
	}
	asked := map[string]string{}
	for _, r := range c.Routes {
		if r.Host != Host {
			t.Errorf("%s: of which host?", r.ID)
		}
		if r.UpstreamID != "application" {
			continue
		}
		if r.PluginConfigID != c.PluginConfigs[0].ID || !r.EnableWebsocket {
			t.Errorf("%s: headers of clients are not taken out, or WebSockets do not open", r.ID)
		}
		if r.ID == "public" {
			if r.Plugins.ForwardAuth != nil || r.URI != "/public/*" {
				t.Errorf("public: %+v", r)
			}
			continue
		}
		a := r.Plugins.ForwardAuth
		if a == nil {
			t.Errorf("%s asks nobody", r.ID)
			continue
		}
		asked[r.ID] = a.URI
		if a.RequestMethod != "GET" || a.AllowDegradation == nil || *a.AllowDegradation || a.StatusOnError < 400 || a.Timeout <= 0 || a.Timeout > 10000 {
			t.Errorf("%s: %+v", r.ID, a)
		}
		var want []string
		for _, name := range identity() {
			want = append(want, strings.ToLower(name))
		}
		var got []string
		for _, name := range a.UpstreamHeaders {
			got = append(got, strings.ToLower(name))
		}
		if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s: upstream_headers are %q", r.ID, got)
		}
		for list, names := range map[string][]string{"request": {"Accept", "Authorization", "Cookie", "Sec-Fetch-Mode"}, "client": {"Location", "Set-Cookie", "WWW-Authenticate", "Content-Type"}} {
			for _, name := range names {
				if !slices.Contains(map[string][]string{"request": a.RequestHeaders, "client": a.ClientHeaders}[list], name) {
					t.Errorf("%s: %s_headers lack %s", r.ID, list, name)
				}
			}
		}
	}
	const endpoint = "http://127.0.0.1:8080/easyauth/auth/forward"
	if want := map[string]string{"everybody": endpoint, "admin": endpoint + "?role=Admin"}; fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked is %v, want %v", asked, want)
	}
}

// The route of /admin is before all others, in every case of letters, and the endpoint of the questions is nobody's.
func TestAPISIXRoutes(t *testing.T) {
	c := readAPISIX(t)
	for path, want := range map[string]string{
		"/": "everybody", "/home": "everybody", "/administration": "everybody", "/publicity": "everybody", "/admin": "admin", "/admin/x": "admin", "/ADMIN/x": "admin",
		"/public/x": "public", "/easyauth/login": "easyauth", "/easyauth/auth": "question", "/easyauth/auth/forward": "question",
	} {
		best := apisixRoute{Priority: -1}
		for _, r := range c.Routes {
			for _, pattern := range append(r.URIs, r.URI) {
				prefix, star := strings.CutSuffix(pattern, "*")
				fits := pattern != "" && (path == pattern || star && strings.HasPrefix(path, prefix))
				for _, v := range r.Vars {
					if len(v) != 3 || v[0] != "uri" || v[1] != "~*" {
						t.Fatalf("%s: vars %q", r.ID, v)
					}
					fits = fits && regexp.MustCompile("(?i)"+v[2]).MatchString(path)
				}
				if fits && r.Priority == best.Priority {
					t.Errorf("%s: both %s and %s", path, r.ID, best.ID)
				}
				if fits && r.Priority > best.Priority {
					best = r
				}
			}
		}
		if best.ID != want {
			t.Errorf("%s is for %q, want %q", path, best.ID, want)
		}
		if best.ID == "question" && (best.Plugins.Fault == nil || best.Plugins.Fault.Abort.Status != 404) {
			t.Errorf("%s is answered: %+v", path, best)
		}
	}
}

// The function in the configuration refuses paths of two readings, and takes out what only we may say. HAProxy's Lua
// runs it here, with what APISIX gives it made up.
func TestAPISIXFunction(t *testing.T) {
	function := readAPISIX(t).PluginConfigs[0].Plugins.Serverless.Functions[0]
	var forbidden, headers []string
	for _, spell := range spellings() {
		forbidden = append(forbidden, spell("X-Injected-Oid"), spell("X-Injected-Preferred-Username"), spell("X-Original-URL"))
	}
	forbidden = append(forbidden, forwarded()...)
	forbidden = append(forbidden, "X_Forwarded_Host", "X-Forwarded-Proto", "Forwarded", "FORWARDED", "X-Rewrite-URL", "X_Rewrite_URL")
	innocent := []string{"Cookie", "Authorization", "X-Forwarded-For", "X-Request-Id", "X-Injection", "Originally"}
	for _, name := range append(slices.Clone(forbidden), innocent...) {
		headers = append(headers, fmt.Sprintf("[%q]=true", name))
	}
	quoted := func(list []string) string {
		var out []string
		for _, s := range list {
			out = append(out, fmt.Sprintf("%q", s))
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	var refused []string
	for _, p := range ambiguous() { // those that are a matter of case or letters are the route's
		if strings.HasPrefix(p, "/") && regexp.MustCompile(`[;\\]|//|%2[ef5]|%5c|%3b|\.\.|/\.`).MatchString(strings.ToLower(p)) {
			refused = append(refused, p)
		}
	}
	if len(refused) < 25 {
		t.Fatalf("only %d paths", len(refused))
	}
	script := fmt.Sprintf(`
local gone = {}
package.loaded["apisix.core"] = { request = { set_header = function(ctx, name, value) assert(value == nil); gone[name] = true end } }
ngx = { var = {}, req = { get_headers = function(max, raw) assert(max == 0 and raw); return { %s } end } }
local function clean()
%s
end
clean = clean()
for _, uri in ipairs(%s) do
	ngx.var.request_uri = uri
	assert(clean({}, {}) == 400, "let through: " .. uri)
end
for _, uri in ipairs(%s) do
	ngx.var.request_uri = uri
	assert(clean({}, {}) == nil, "refused: " .. uri)
end
ngx.var.request_uri = "/public/x"
for _, protocol in ipairs({ "h2c", "H2C", "websocket, h2c", "h2c, websocket", "websocket/13", "xwebsocket", "" }) do
	ngx.var.http_upgrade = protocol
	assert(clean({}, {}) == 400, "upgrades to " .. protocol)
end
for _, protocol in ipairs({ "websocket", "WebSocket" }) do
	ngx.var.http_upgrade = protocol
	assert(clean({}, {}) == nil, "does not upgrade to " .. protocol)
end
for _, name in ipairs(%s) do assert(gone[name], "arrives: " .. name) end
for _, name in ipairs(%s) do assert(not gone[name], "taken out: " .. name) end
`, strings.Join(headers, ","), function, quoted(refused), quoted(plain()), quoted(forbidden), quoted(innocent))
	run := func(script string) error {
		at := Place{Dir: t.TempDir()}
		conf := at.Write(t, "haproxy.cfg", "global\n    lua-load "+at.Write(t, "apisix.lua", script)+"\ndefaults\n    mode http\n    timeout connect 1s\n    timeout server 1s\n    timeout client 1s\nfrontend none\n    bind 127.0.0.1:1\n")
		_, err := process.Run(t.Context(), process.Command{Program: program(t, "haproxy"), Args: []string{"-c", "-f", conf}})
		return err
	}
	if err := run(script); err != nil {
		t.Error(err)
	}
	for what, change := range map[string][2]string{
		"without the test of paths": {"return 400", "return nil"},
		"with every upgrade":        {"^websocket$", ""},
		"with what begins so":       {"^websocket$", "^websocket"},
		"with X-Forwarded-Host":     {`folded ~= "x-forwarded-for"`, "false"},
		"without the headers":       {"core.request.set_header", "core.other"},
		"with one spelling":         {`gsub("[^a-z0-9]", "-")`, `gsub("_", "-")`},
	} {
		if run(Replaced(t, script, change[0], change[1])) == nil {
			t.Errorf("%s nothing is wrong: this test sees nothing", what)
		}
	}
}
