package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync/atomic"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/watch"
)

// certificate is what the public listener shows. It changes with its files; connections
// that are open keep theirs.
type certificate struct {
	*lasting
	paths func() (cert, key string)
	files *watch.Watcher
	shown atomic.Pointer[tls.Certificate] // never nil
}

// newCertificate reads the files that paths gives.
func newCertificate(paths func() (cert, key string), l *lasting) (*certificate, error) {
	c := &certificate{lasting: l, paths: paths}
	c.files = watch.New(watch.Config{
		What: "certificate of the listener", Kept: "the one before is shown",
		Paths: func() []string {
			cert, key := paths()
			return []string{cert, key}
		},
		Take: c.take, Told: l.certificateTold, Log: l.log,
	})
	return c, c.take(context.Background(), false)
}

// take shows the certificate of the files from now on.
func (c *certificate) take(ctx context.Context, asked bool) error {
	cert, key := c.paths()
	pair, err := readPair(cert, key)
	if err != nil {
		return fmt.Errorf("EASYAUTH_TLS_CERT_FILE and EASYAUTH_TLS_KEY_FILE: %w", err)
	}
	before := c.shown.Swap(&pair)
	c.metrics.ListenerCertificate(pair.Leaf.NotAfter)
	switch same := before != nil && before.Leaf.Equal(pair.Leaf); {
	case before == nil:
	case !same:
		c.log.InfoContext(ctx, "the certificate of the listener has changed", "expires", pair.Leaf.NotAfter, "serial", pair.Leaf.SerialNumber.Text(16))
	case asked:
		c.log.InfoContext(ctx, "the certificate of the listener was read again: it is the same", "expires", pair.Leaf.NotAfter)
	}
	return nil
}

// maxPEM bounds the file of a chain or a key, in bytes.
const maxPEM = 1 << 20

func readPair(cert, key string) (tls.Certificate, error) {
	var texts [2][]byte
	for i, path := range []string{cert, key} {
		text, err := secret.ReadFile(path, maxPEM)
		if err != nil {
			return tls.Certificate{}, fmt.Errorf("read %q: %w", path, err)
		}
		texts[i] = text
	}
	return tls.X509KeyPair(texts[0], texts[1])
}

// config is of the listener, which speaks these protocols. HTTP/2 is for Envoy and the clients of easyauth
// proxy: nginx does not speak it to what it asks.
func (c *certificate) config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.shown.Load(), nil
		},
	}
}
