package main

import (
	"fmt"
	"log/slog"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

// wireAssertion makes what signs identities; nil when nobody is to.
func wireAssertion(cfg *config.Config, log *slog.Logger) (*assertion.Signer, error) {
	if cfg.AssertionKeys.Empty() {
		return nil, nil
	}
	parsed, err := assertion.ParseKeys(cfg.AssertionKeys.Reveal())
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_ASSERTION_KEYS_FILE: %w", err)
	}
	keys, err := assertion.NewKeys(parsed)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_ASSERTION_KEYS_FILE: %w", err)
	}
	signer, err := assertion.New(assertion.Config{Issuer: cfg.AssertionIssuer, Keys: keys})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_ASSERTION_ISSUER: %w", err)
	}
	log.Info("identities are signed", "key_ids", keys.IDs(), "issuer", cfg.AssertionIssuer, "audience", cfg.AssertionAudience)
	return signer, nil
}

// assertionFaults tells what is wrong with the keys, and with the name of the header.
func assertionFaults(cfg *config.Config) config.Faults {
	if cfg.AssertionKeys.Empty() {
		return nil
	}
	_, err := assertion.ParseKeys(cfg.AssertionKeys.Reveal())
	faults := named("EASYAUTH_ASSERTION_KEYS_FILE", err)
	if without, with := headerConfig(cfg), headerConfig(cfg); cfg.AssertionHeader != "" {
		without.Assertion = ""
		if _, err := headers.New(with); err != nil && accepts(without) {
			faults = append(faults, config.Fault{Name: "EASYAUTH_ASSERTION_HEADER", Expected: headerProblem(err)})
		}
	}
	return faults
}
