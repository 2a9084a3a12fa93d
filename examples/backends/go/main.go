// Command backend reads EasyAuth's identity headers in Go, with the standard library alone.
//
// The headers are true only because the proxy sets them on every request. So it listens where nobody but the proxy
// reaches it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// identity is who asks.
type identity struct {
	OID      string   `json:"oid"` // with TID the key of a person; another provider than Entra ID: Sub
	TID      string   `json:"tid"`
	Sub      string   `json:"sub"`
	Name     string   `json:"name"` // for display only, as the email address
	Email    string   `json:"email"`
	Roles    []string `json:"roles"`
	Groups   []string `json:"groups"`
	Scopes   []string `json:"scopes"`
	Overflow []string `json:"overflow"` // names of what is not complete
}

// values reads one header (EASYAUTH_CLAIM_ENCODING=UrlEncode, the default): split first, then decode each part.
func values(h http.Header, name string) ([]string, error) {
	header := h.Get("X-Injected-" + name)
	if header == "" {
		return []string{}, nil
	}
	parts := strings.Split(header, "|")
	for i, part := range parts {
		value, err := url.QueryUnescape(part)
		if err != nil {
			return nil, fmt.Errorf("header x-injected-%s: %w", strings.ToLower(name), err)
		}
		parts[i] = value
	}
	return parts, nil
}

// read reads all headers of one request.
func read(h http.Header) (id identity, err error) {
	one := map[string]*string{"Oid": &id.OID, "Tid": &id.TID, "Sub": &id.Sub, "Name": &id.Name, "Email": &id.Email}
	for name, to := range one {
		list, err := values(h, name)
		if err != nil {
			return id, err
		}
		if len(list) > 0 {
			*to = list[0]
		}
	}
	many := map[string]*[]string{"Roles": &id.Roles, "Groups": &id.Groups, "Scp": &id.Scopes, "Overflow": &id.Overflow}
	for name, to := range many {
		if *to, err = values(h, name); err != nil {
			return id, err
		}
	}
	return id, nil
}

// known hands the identity to a handler. Without one nobody asked EasyAuth: the request came past the proxy, or the
// proxy is not configured.
func known(next func(http.ResponseWriter, identity)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := read(r.Header)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case id.Sub == "":
			http.Error(w, "no identity", http.StatusUnauthorized)
		default:
			next(w, id)
		}
	}
}

func show(w http.ResponseWriter, id identity) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(id) // the client has gone away
}

// admin checks the role here too: the rule of the path may be read differently by the proxy.
func admin(w http.ResponseWriter, id identity) {
	if !slices.Contains(id.Roles, "Admin") {
		http.Error(w, "the role Admin is missing", http.StatusForbidden)
		return
	}
	show(w, id)
}

// guests is for everybody who is not in a group. That takes the whole list: one with gaps proves nothing.
func guests(w http.ResponseWriter, id identity) {
	const staff = "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10"
	if slices.Contains(id.Overflow, "groups") || slices.Contains(id.Groups, staff) {
		http.Error(w, "for guests only", http.StatusForbidden)
		return
	}
	show(w, id)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", known(show))
	mux.HandleFunc("GET /admin", known(admin))
	mux.HandleFunc("GET /guests", known(guests))
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Print(server.ListenAndServe())
}
