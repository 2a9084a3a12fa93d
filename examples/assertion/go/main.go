// Command assertion checks the identity that EasyAuth has signed, in Go with github.com/coreos/go-oidc.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
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
	Overflow []string `json:"overflow,omitempty"` // names of what is not complete
}

// newVerifier accepts one issuer, one audience and one algorithm. The keys are fetched when the first token comes, and
// again when one has a kid that is not known.
func newVerifier(jwksURL, issuer, audience string) *oidc.IDTokenVerifier {
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: 10 * time.Second})
	keys := oidc.NewRemoteKeySet(ctx, jwksURL)
	return oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.ES256}})
}

// verify checks signature, algorithm, issuer, audience and times of exactly one header.
func verify(ctx context.Context, v *oidc.IDTokenVerifier, h http.Header) (id identity, err error) {
	tokens := h.Values("X-Injected-Assertion")
	if len(tokens) != 1 {
		return id, errors.New("not exactly one assertion")
	}
	token, err := v.Verify(ctx, tokens[0])
	if err != nil {
		return id, err
	}
	return id, token.Claims(&id)
}

func main() {
	set := map[string]string{"JWKS_URL": "", "ISSUER": "", "AUDIENCE": "", "PORT": ""}
	for name := range set {
		if set[name] = os.Getenv(name); set[name] == "" {
			log.Fatalf("%s is not set", name)
		}
	}
	verifier := newVerifier(set["JWKS_URL"], set["ISSUER"], set["AUDIENCE"])
	show := func(w http.ResponseWriter, r *http.Request) {
		id, err := verify(r.Context(), verifier, r.Header)
		if err != nil {
			log.Print(err)
			http.Error(w, "no identity", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(id) // the client has gone away
	}
	server := &http.Server{Addr: "127.0.0.1:" + set["PORT"], Handler: http.HandlerFunc(show), ReadHeaderTimeout: 10 * time.Second}
	fmt.Println(server.ListenAndServe())
}
