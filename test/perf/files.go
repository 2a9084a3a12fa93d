package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// policies are those of the scenarios that name one. Of ten rules the last one lets the
// person of tickets.go pass; four may refuse before, and five do not fit. The other has
// one expression, which asks for the same as that last rule.
const policies = `
policies:
  ten:
    deny:
      - {name: outside, none: [{source: {in: [192.0.2.0/24, 10.0.0.0/8, "fd00::/8"]}}]}
      - {name: left, claim: {path: status, is: left}}
      - {name: scripts, all: [{app_only: {is: true}}, {path: {starts_with: /admin}}]}
      - {name: writes, all: [{method: {in: [PUT, DELETE]}}, {none: [{role: {is: Orders.Write}}]}]}
    allow:
      - {name: owners, all: [{role: {is: Owner}}, {path: {starts_with: /admin}}]}
      - {name: auditors, all: [{role: {is: Auditor}}, {method: {in: [GET, HEAD]}}]}
      - {name: group, group: {in: [6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10, 93ab1f6e-2a55-4a0e-8d27-5e1c9b7f3a60]}}
      - {name: partner, all: [{tenant: {is: 33333333-3333-4333-8333-333333333333}}, {email_domain: {is: partner.example}}]}
      - {name: reports, all: [{path: {in: [/reports, /reports/all]}}, {role: {is: Reports.Read}}]}
      - {name: retail, all: [{claim: {path: department, in: [Retail, Sales]}}, {path: {starts_with: /orders}}, {auth_age: {max: 24h}}]}
  expression:
    allow:
      - {name: retail, expr: 'identity.claims["department"].exists(d, d in ["Retail", "Sales"]) && (request.path == "/orders" || request.path.startsWith("/orders/"))'}
`

// Variables of EasyAuth that name a file. A scenario lists those that it has.
const (
	configFile = "EASYAUTH_CONFIG_FILE"
	signingKey = "EASYAUTH_ASSERTION_KEYS_FILE"
)

// writeFiles writes into dir what those variables name, and returns their values.
func writeFiles(dir string) (map[string]string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for variable, text := range map[string][]byte{
		configFile: []byte(policies), signingKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		file := filepath.Join(dir, variable)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, fmt.Errorf("write the file of %s: %w", variable, err)
		}
		named[variable] = file
	}
	return named, nil
}
