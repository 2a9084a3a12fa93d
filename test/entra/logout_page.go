package entra

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// forward is the one script of the pages. A window has loaded when its frames
// have, also those that were refused; what takes longer than data-wait is not waited for.
const forward = `(function () {
  var main = document.querySelector("main"), gone = false;
  function go() { if (!gone) { gone = true; location.replace(main.dataset.next); } }
  addEventListener("load", go);
  setTimeout(go, Number(main.dataset.wait));
})();`

// forwardHash allows that script and no other.
func forwardHash() string {
	sum := sha256.Sum256([]byte(forward))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

const logoutPages = `{{define "signed-out"}}{{template "top" .}}<p id="signed-out">You signed out of your account. It is a good idea to close all browser windows.</p>
{{with .Next}}<p><a id="continue" href="{{.}}">Back to the application</a></p>{{end}}{{range .Frames}}
<iframe src="{{.}}" title="Signing out of an application"></iframe>{{end}}
{{if .Next}}<script>` + forward + `</script>{{end}}{{template "end"}}{{end}}
{{define "sign-out"}}{{template "top" .}}<p>Which account do you want to sign out of?</p>
<form method="post" action="{{.Action}}">{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}{{range .Users}}<button id="user-{{.ID}}" name="account" value="{{.ObjectID}}">{{if .Name}}{{.Name}}{{else}}{{.Username}}{{end}}<small>{{.Username}}</small></button>
{{end}}</form>{{template "end"}}{{end}}`

// signedOutPage loads the frames. With an address to go to it goes there when
// they are there, or after Sessions.LogoutWait.
func (s *Server) signedOutPage(w http.ResponseWriter, frames []string, next string) {
	p := page{Title: "You signed out", Step: "signed-out", Frames: frames, Wait: s.ends.LogoutWait.Milliseconds()}
	policy := ""
	if len(frames) > 0 {
		p.Next = next
		policy = "; frame-src " + strings.Join(origins(frames), " ")
	}
	if p.Next != "" {
		policy += "; script-src " + forwardHash()
	}
	s.renderWith(w, http.StatusOK, p, policy)
}

func origins(addresses []string) []string {
	var list []string
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil {
			list = appendNew(list, u.Scheme+"://"+u.Host)
		}
	}
	return list
}

// mustAsk reports whether whoever signs out is to say which account.
func (s *Server) mustAsk(h hint, have session, posted url.Values) bool {
	return s.ends.AskSignOut && !h.names(have, s.plain) && posted.Get("account") != have.oid
}

// askSignOut asks. The answer comes to the same address with all that the request had.
func (s *Server) askSignOut(w http.ResponseWriter, r *http.Request, at authority, have session) {
	p := page{Title: "Pick an account", Step: "sign-out", Action: "/" + at.segment + "/oauth2/v2.0/logout"}
	if u, ok := s.User(have.oid); ok {
		p.Users = []User{u}
	}
	for name, values := range r.Form {
		for _, value := range values {
			p.Fields = append(p.Fields, field{name, value})
		}
	}
	slices.SortFunc(p.Fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	s.render(w, http.StatusOK, p)
}

func parsePages() *template.Template {
	return template.Must(template.Must(template.New("pages").Parse(layout)).Parse(logoutPages))
}
