// Command sample is an application behind EasyAuth: it knows nothing of sign-in
// and shows what its proxy tells it about the person who asks.
//
// It verifies nothing, and must not: the identity headers are true only because
// the proxy sets them on every request and drops the client's own. So it listens
// where nobody but the proxy reaches it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/url"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

const prefix = "X-Injected-"

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "address to listen on; only the proxy should reach it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: *listen, Handler: routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close() // it is ending anyway
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
}

// maxBody is what is read of a request's body, and not looked at: nginx takes an
// answer that comes before it has sent everything for an error.
const maxBody = 16 << 20

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", page)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/api/", echo)
	mux.HandleFunc("/public/echo", echo)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// echo answers with the request as it arrived. It is for looking and for tests:
// an application that others can reach must not show its headers.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "uri": r.RequestURI, "host": r.Host, "headers": r.Header})
}

// values reads one identity header: split at the bar first, then decode each.
func values(h http.Header, name string) []string {
	raw := h.Get(prefix + name)
	if raw == "" {
		return nil
	}
	parts := strings.Split(raw, "|")
	for i, part := range parts {
		if decoded, err := url.QueryUnescape(part); err == nil {
			parts[i] = decoded
		}
	}
	return parts
}

type row struct {
	Name   string
	Values []string
}

type view struct {
	Title, URI, User string
	Rows             []row
	Graph            []string
}

func titles() map[string]string {
	return map[string]string{"/": "Home", "/admin": "For administrators", "/graph": "From Microsoft Graph", "/public": "For everybody"}
}

func page(w http.ResponseWriter, r *http.Request) {
	title := titles()[r.URL.Path]
	if title == "" {
		title = "A page of the application"
	}
	v := view{Title: title, URI: r.RequestURI, Graph: values(r.Header, "Graph")}
	if name := values(r.Header, "Name"); len(name) > 0 {
		v.User = name[0]
	} else if name := values(r.Header, "Preferred-Username"); len(name) > 0 {
		v.User = name[0]
	}
	for name := range r.Header {
		if short, ours := strings.CutPrefix(name, prefix); ours && short != "Graph" {
			v.Rows = append(v.Rows, row{strings.ToLower(name), values(r.Header, short)})
		}
	}
	slices.SortFunc(v.Rows, func(a, b row) int { return strings.Compare(a.Name, b.Name) })
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	if err := body.Execute(w, v); err != nil {
		log.Print(err)
	}
}

var body = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · Sample application</title>
<style>
:root { color-scheme: light dark; --line: #8883; --soft: #667; --accent: #2a57d5; }
@media (prefers-color-scheme: dark) { :root { --soft: #aab; --accent: #8fb0ff; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1.5rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: baseline; border-bottom: 1px solid var(--line); padding-bottom: .75rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; flex: 1; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; }
p { color: var(--soft); margin: .25rem 0 1.25rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: .4rem .75rem .4rem 0; vertical-align: top; overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .9rem; color: var(--soft); }
pre { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; }
@media (max-width: 34rem) { td { display: block; border: 0; padding: .1rem 0; } tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; } }
</style>
</head>
<body>
<header>
<strong>Sample application</strong>
<nav><a href="/">Home</a> <a href="/admin">Admin</a> <a href="/graph">Graph</a> <a href="/public">Public</a></nav>
{{if .User}}<span id="user">{{.User}}</span> <a id="sign-out" href="/easyauth/logout?rd=/public">Sign out</a>{{else}}<a id="sign-in" href="/">Sign in</a>{{end}}
</header>
<main>
<h1>{{.Title}}</h1>
<p>Asked for <code id="uri">{{.URI}}</code></p>
{{range .Graph}}<pre class="graph">{{.}}</pre>{{end}}
{{if .Rows}}<table id="headers">{{range .Rows}}<tr id="{{.Name}}"><td>{{.Name}}</td><td>{{range $i, $v := .Values}}{{if $i}}<br>{{end}}{{$v}}{{end}}</td></tr>{{end}}</table>
{{else}}<p id="anonymous">The proxy said nothing about who asks: this page is anonymous.</p>{{end}}
</main>
</body>
</html>
`))
