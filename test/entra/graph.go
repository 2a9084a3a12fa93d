package entra

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// graphJSON is the content type of Graph's JSON answers.
const graphJSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// maxGraphBody bounds a request body, a batch too (4 MB at Graph).
const maxGraphBody = 4 << 20

// caller is who a Graph token speaks for.
type caller struct {
	clientID string
	tenant   string
	user     User
	app      bool     // app-only: no user
	scopes   []string // delegated permissions
	roles    []string // application permissions

	capabilities []string // of the client: claim xms_cc
	acrs         []string // authentication contexts of the sign-in
	notBefore    int64    // claim nbf, in seconds
}

// may reports whether one of the permissions is granted.
func (c caller) may(permissions ...string) bool {
	have := c.scopes
	if c.app {
		have = c.roles
	}
	return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(have, p) })
}

// graphCall is one request, alone or an item of a batch.
type graphCall struct {
	caller  caller
	batched bool // an item of a batch
	version string
	method  string
	path    string // below the version, starts with a slash
	query   url.Values
	body    []byte
}

// graphReply is its answer.
type graphReply struct {
	status int
	header map[string]string // besides the content type
	body   any               // JSON
	text   string            // instead of body: text/plain
}

// graph answers /v1.0 and /beta.
func (s *Server) graph(w http.ResponseWriter, r *http.Request) {
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	who, err := s.graphCaller(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", s.bearerRealm()+`, client_id="`+GraphAppID+`"`)
		s.writeGraph(w, graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", err.Error()))
		return
	}
	if f := s.faults.get(); len(f.GraphChallengeItems) == 0 && who.mustAnswer(f.GraphChallenge) {
		s.writeGraph(w, s.insufficientClaims(f.GraphChallenge))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGraphBody))
	if err != nil {
		s.writeGraph(w, graphError(http.StatusRequestEntityTooLarge, "BadRequest", "The request is too large."))
		return
	}
	call := graphCall{caller: who, version: version, method: r.Method, path: "/" + path, query: r.URL.Query(), body: body}
	if path == "$batch" {
		s.batch(r.Context(), w, call)
		return
	}
	s.writeGraph(w, s.answerGraph(r.Context(), call, r.URL.RawQuery))
}

// graphCaller verifies the bearer token.
func (s *Server) graphCaller(r *http.Request) (caller, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || raw == "" {
		return caller{}, errors.New("Access token is empty.") //nolint:revive,staticcheck // Graph's own words
	}
	claims, err := s.openGraphToken(raw)
	if err != nil {
		return caller{}, err
	}
	who := caller{
		clientID: stringClaim(claims, "appid"), tenant: stringClaim(claims, "tid"), app: claims["idtyp"] == "app",
		scopes: strings.Fields(stringClaim(claims, "scp")), roles: stringsClaim(claims, "roles"),
		capabilities: stringsClaim(claims, "xms_cc"), acrs: stringsClaim(claims, "acrs"),
	}
	if nbf, ok := claims["nbf"].(float64); ok {
		who.notBefore = int64(nbf)
	}
	if who.app {
		return who, nil
	}
	if who.user, ok = s.User(stringClaim(claims, "oid")); !ok {
		return caller{}, errors.New("the user of the token does not exist")
	}
	return who, nil
}

// answerGraph answers one call, faults included.
func (s *Server) answerGraph(ctx context.Context, c graphCall, rawQuery string) graphReply {
	target := c.path
	if rawQuery != "" {
		target += "?" + rawQuery
	}
	noted := s.seen.sawGraph(c, target)
	reply := s.faultyAnswer(ctx, c, target)
	noted(reply.status)
	return reply
}

// graphError is Graph's error object. Its innerError is filled in when written.
func graphError(status int, code, message string) graphReply {
	return graphReply{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": message}}}
}

func forbidden() graphReply {
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

// stamp adds date and ids to an error, as Graph does.
func (s *Server) stamp(reply graphReply, requestID string) any {
	body, _ := reply.body.(map[string]any)
	inner, isError := body["error"].(map[string]any)
	if !isError || reply.status < 400 {
		return reply.body
	}
	return map[string]any{"error": map[string]any{
		"code": inner["code"], "message": inner["message"],
		"innerError": map[string]any{"date": s.now().UTC().Format("2006-01-02T15:04:05"), "request-id": requestID, "client-request-id": requestID},
	}}
}

func (s *Server) writeGraph(w http.ResponseWriter, reply graphReply) {
	requestID := newGUID()
	h := w.Header()
	h.Set("request-id", requestID)
	h.Set("client-request-id", requestID)
	h.Set("Date", s.now().UTC().Format(time.RFC1123))
	h.Set("OData-Version", "4.0")
	h.Set("Cache-Control", "no-cache")
	for name, value := range reply.header {
		h.Set(name, value)
	}
	if reply.text != "" {
		h.Set("Content-Type", "text/plain")
		w.WriteHeader(reply.status)
		_, _ = io.WriteString(w, reply.text) // the client went away
		return
	}
	h.Set("Content-Type", graphJSON)
	w.WriteHeader(reply.status)
	_, _ = w.Write(mustJSON(s.stamp(reply, requestID))) //nolint:gosec // JSON, and says so; the client went away
}

// userInfo is OpenID Connect's userinfo endpoint, which at Entra is part of Graph.
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	who, err := s.graphCaller(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		s.writeGraph(w, graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", err.Error()))
		return
	}
	if who.app || !who.may("openid") {
		s.writeGraph(w, forbidden())
		return
	}
	answer := map[string]any{"sub": pairwise(who.tenant, who.user.ObjectID, who.clientID), "picture": s.BaseURL() + "/v1.0/me/photo/$value"}
	if who.may("profile") {
		set(answer, "name", who.user.Name)
		for claim, property := range map[string]string{"given_name": "givenName", "family_name": "surname"} {
			if value, ok := who.user.Profile[property].(string); ok {
				answer[claim] = value
			}
		}
	}
	if who.may("email") {
		set(answer, "email", who.user.Email)
	}
	writeJSON(w, http.StatusOK, answer)
}
