package entra

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// style is the whole look of the pages. There is no script but forward.
const style = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f2f2;color:#1b1b1b}
main{max-width:28rem;margin:3rem auto;padding:2rem;background:#fff;box-shadow:0 2px 6px #0003}
h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1rem;margin:1.5rem 0 .5rem}p{overflow-wrap:anywhere}
button{display:block;width:100%;margin:.4rem 0;padding:.6rem .8rem;text-align:left;font:inherit;border:1px solid #8a8886;background:#fff;cursor:pointer}
button.main{background:#0f6cbd;color:#fff;border-color:#0f6cbd}button:focus-visible{outline:3px solid #0f6cbd;outline-offset:2px}
label{display:block;margin:.5rem 0 .1rem}input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit;border:1px solid #8a8886}
small{color:#5c5c5c;display:block}iframe{display:none}.error{color:#a4262c}`

const layout = `{{define "top"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} – Entra ID emulator</title><style>` + style + `</style></head>
<body><main data-step="{{.Step}}"{{with .Next}} data-next="{{.}}" data-wait="{{$.Wait}}"{{end}}><h1>{{.Title}}</h1>{{end}}
{{define "end"}}</main></body></html>
{{end}}
{{define "ctx"}}<form method="post" action="{{.Action}}"><input type="hidden" name="ctx" value="{{.Flow}}">{{end}}
{{define "pick"}}{{template "top" .}}<p>{{.App}} asks you to sign in at {{.Tenant}}.</p>
{{with .Problem}}<p class="error" id="problem" role="alert">{{.}}</p>{{end}}
{{template "ctx" .}}{{range .Users}}<button id="user-{{.ID}}" name="user" value="{{.ID}}">{{if .Name}}{{.Name}}{{else}}{{.Username}}{{end}}<small>{{.Username}}</small></button>
{{end}}</form>
<h2>Or with a password</h2>
{{template "ctx" .}}<label for="username">User name</label><input id="username" name="username" autocomplete="username" value="{{.Hint}}" required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button id="sign-in" class="main">Sign in</button></form>
{{template "ctx" .}}<button id="cancel" name="cancel" value="1">Cancel</button></form>{{template "end"}}{{end}}
{{define "approve"}}{{template "top" .}}<p>{{.App}} needs a stronger sign-in ({{.Contexts}}) of {{.User}}.</p>
{{template "ctx" .}}<button id="approve" class="main" name="approve" value="1">Approve</button>
<button id="cancel" name="cancel" value="1">Cancel</button></form>{{template "end"}}{{end}}
{{define "consent"}}{{template "top" .}}<p>{{.App}} would like, for {{.User}}:</p><ul id="scopes">{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
{{template "ctx" .}}<button id="consent" class="main" name="consent" value="1">Accept</button>
<button id="cancel" name="cancel" value="1">Cancel</button></form>{{template "end"}}{{end}}
{{define "post"}}{{template "top" .}}<form method="post" action="{{.Action}}">{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
<button id="continue" class="main">Continue</button></form>{{template "end"}}{{end}}
{{define "error"}}{{template "top" .}}<p class="error" id="error" role="alert">{{.Problem}}</p>{{template "end"}}{{end}}`

// field is a hidden input.
type field struct{ Name, Value string }

// page is what the templates read.
type page struct {
	Title, Step, Action, Flow   string
	App, Tenant, User, Contexts string
	Problem, Hint               string
	Users                       []User
	Scopes                      []string
	Fields                      []field
	Frames                      []string // addresses to load
	Next                        string   // where to go when they are there
	Wait                        int64    // or after so many milliseconds
}

func (s *Server) render(w http.ResponseWriter, status int, p page) { s.renderWith(w, status, p, "") }

// renderWith is render with more directives of the page's policy.
func (s *Server) renderWith(w http.ResponseWriter, status int, p page, policy string) {
	var out bytes.Buffer
	if err := s.pages.ExecuteTemplate(&out, p.Step, p); err != nil {
		http.Error(w, "the emulator could not make its page", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	// No form-action: browsers apply it to the redirect that follows a form, which goes to the application.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"+policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the client went away
}

func (s *Server) flowPage(f flow, title, step string) page {
	return page{
		Title: title, Step: step, Action: "/" + f.req.authority.segment + "/login", Flow: f.id,
		App: f.req.client.Name, Tenant: s.orgName,
	}
}

func (s *Server) pickPage(w http.ResponseWriter, f flow, problem string) {
	p := s.flowPage(f, "Pick an account", "pick")
	p.Problem, p.Hint = problem, f.req.loginHint
	for _, u := range s.allUsers() {
		if f.req.authority.tenant == "" || f.req.authority.tenant == s.home(u) {
			p.Users = append(p.Users, u)
		}
	}
	s.render(w, http.StatusOK, p)
}

func (s *Server) approvePage(w http.ResponseWriter, f flow, u User) {
	p := s.flowPage(f, "Approve sign-in request", "approve")
	p.User = u.Username
	p.Contexts = strings.Join(f.req.claims.contexts(), ", ")
	s.render(w, http.StatusOK, p)
}

func (s *Server) consentPage(w http.ResponseWriter, f flow, u User) {
	p := s.flowPage(f, "Permissions requested", "consent")
	p.User = u.Username
	p.Scopes = s.missingConsent(f.req.client, u.ObjectID, f.req.scopes)
	if f.req.prompt == "consent" {
		p.Scopes = f.req.scopes.full()
	}
	s.render(w, http.StatusOK, p)
}

// postPage is response_mode=form_post. Entra's submits itself by a script; this
// one has a button.
func (s *Server) postPage(w http.ResponseWriter, action string, v url.Values) {
	p := page{Title: "Back to the application", Step: "post", Action: action}
	for name := range v {
		p.Fields = append(p.Fields, field{name, v.Get(name)})
	}
	s.render(w, http.StatusOK, p)
}

func (s *Server) errorPage(w http.ResponseWriter, e *stsError) {
	s.render(w, http.StatusBadRequest, page{Title: "Sorry, but we’re having trouble signing you in", Step: "error", Problem: s.describe(e).description})
}

// errorCodePage is what error_uri points to.
func (s *Server) errorCodePage(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.URL.Query().Get("code"))
	if err != nil {
		code = 0
	}
	s.render(w, http.StatusOK, page{Title: "Error code", Step: "error", Problem: "AADSTS" + strconv.Itoa(code)})
}
