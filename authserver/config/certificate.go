package config

import (
	"crypto/tls"
	"time"
)

// certificate checks and sets the certificate that the public listener shows.
func (s *spec) certificate(r *report, c *Config) {
	const certName, keyName = "EASYAUTH_TLS_CERT_FILE", "EASYAUTH_TLS_KEY_FILE"
	switch {
	case s.TLSCertFile == "" && s.TLSKeyFile == "":
		return
	case s.TLSKeyFile == "":
		r.fault(certName, "needs %s: the file with the private key of that certificate", keyName)
	case s.TLSCertFile == "":
		r.fault(keyName, "needs %s: the file with the certificate of that key", certName)
	}
	var cert, key []byte
	if s.TLSCertFile != "" {
		cert = []byte(readSecret(r, certName, s.TLSCertFile).Reveal())
	}
	if s.TLSKeyFile != "" {
		key = []byte(readSecret(r, keyName, s.TLSKeyFile).Reveal())
	}
	if r.has(certName, keyName) {
		return
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		r.fault(certName, "must name a PEM file with a certificate to which the key in %s belongs: %v", keyName, err)
		return
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		r.warn(certName, "holds a certificate that has expired: a proxy that checks it does not get through")
	}
	c.TLSCertFile, c.TLSKeyFile = s.TLSCertFile, s.TLSKeyFile
}
